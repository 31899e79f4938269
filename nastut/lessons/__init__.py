"""x"""


def check(*a):
    pass


def setup(*a):
    pass
