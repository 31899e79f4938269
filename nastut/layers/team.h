// Threads that share work. Who does what never decides the order in which numbers are added.
#pragma once

#include <algorithm>
#include <barrier>
#include <cstdint>
#include <thread>
#include <vector>

struct Range {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

inline Range share(int64_t n, int64_t rank, int64_t size) {
  return {n * rank / size, n * (rank + 1) / size};
}

// Some threads that work on one thing.
class Team {
 public:
  explicit Team(int64_t size) : size(size), barrier(size) {}
  Range part(int64_t n, int64_t rank) const { return share(n, rank, size); }
  void wait() {
    if (size > 1) barrier.arrive_and_wait();
  }
  const int64_t size;

 private:
  std::barrier<> barrier;
};

// Calls work(rank) in as many threads, this one among them.
template <typename Work>
void in_threads(int64_t threads, Work work) {
  std::vector<std::thread> others;
  for (int64_t rank = 1; rank < threads; ++rank) others.emplace_back(work, rank);
  work(0);
  for (std::thread& other : others) other.join();
}

// Lets each member's loop run: several members one thread each, or a single one in one team.
// Loop(team, arguments...) holds what a team shares, and its run(member, rank) does the work.
template <typename Loop, typename... Arguments>
void run_members(int64_t members, int64_t rows, int64_t threads, const Arguments&... arguments) {
  if (members > 1) {
    threads = std::min(threads, members);
    in_threads(threads, [&](int64_t rank) {
      Team alone(1);
      Loop loop(alone, arguments...);
      const Range own = share(members, rank, threads);
      for (int64_t m = own.begin; m < own.end; ++m) loop.run(m, 0);
    });
  } else {
    Team team(std::min(threads, rows));
    Loop loop(team, arguments...);
    in_threads(team.size, [&](int64_t rank) { loop.run(0, rank); });
  }
}
