"""What pyproject.toml cannot say: the records of data/ go into the wheel, their makers do not."""

from setuptools import setup
from setuptools.command.build_py import build_py


class WithoutMakers(build_py):
    """Leave out the scripts that lie beside the records."""

    def find_package_modules(self, package, package_dir):
        """Return the modules of a package; ``nastut.data`` has none."""
        modules = super().find_package_modules(package, package_dir)
        return [] if package == "nastut.data" else modules


setup(cmdclass={"build_py": WithoutMakers})
