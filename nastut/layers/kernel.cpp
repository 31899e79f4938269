// The loop over time of one or many recurrent layers, forward and backward:
//
//   x_parts[l] = x_t input[l]^T,  h_parts[l] = h_{t-1} hidden[l]^T + bias[l]     for each leaf l
//   root, c_t = program(x_parts, h_parts, c_{t-1})
//   h_t = root projection^T, or root itself
//
// Where a leaf needs the two parts only as their sum, x_parts[l] becomes that sum in place: h_parts
// is not used there, and both parts have one gradient.
//
// Arrays are leaf-major: parts (members, base, T, B, H), states (members, T + 1, B, H or P). So
// all numbers of one leaf at one step lie side by side, and one leaf over time is one matrix.
#include <algorithm>
#include <barrier>
#include <cstdint>
#include <thread>
#include <vector>

#include "product.h"
#include "program.h"

// Threads that share work. Who does what never decides the order in which numbers are added.

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

// Structures are as in kernel.py.

// I features, H = width, P = fed_back; the steps of h_parts that are kept are all or 1.
struct Sizes {
  int64_t members, base, steps, batch, features, width, fed_back, kept;
};

// Members' arrays, one after the other; a null pointer: there is none, or it is not needed.
template <typename T>
struct Weights {
  T *input, *hidden, *bias, *projection;

  Weights of(int64_t m, const Sizes& s) const {
    const int64_t leaves = m * s.base * s.width;
    return {input ? input + leaves * s.features : nullptr,
            hidden ? hidden + leaves * s.fed_back : nullptr, bias ? bias + leaves : nullptr,
            projection ? projection + m * s.fed_back * s.width : nullptr};
  }
};

// `root` is null where h itself is what the root gives.
template <typename T>
struct Values {
  T *x_parts, *h_parts, *root, *h, *c;

  Values of(int64_t m, const Sizes& s) const {
    const int64_t step = s.batch * s.width;
    return {x_parts + m * s.base * s.steps * step, h_parts + m * s.base * s.kept * step,
            root ? root + m * s.steps * step : nullptr,
            h + m * (s.steps + 1) * s.batch * s.fed_back, c + m * (s.steps + 1) * step};
  }
};

// h: (members, T + 1, B, P), with the gradient from outside at first. c: (members, 2, B, H), step
// t uses half t % 2. root: (members, B, H), or null. x: (members, T, B, I), or null.
template <typename T>
struct Gradients {
  T *h, *c, *root, *x;

  Gradients of(int64_t m, const Sizes& s) const {
    const int64_t step = s.batch * s.width;
    return {h + m * (s.steps + 1) * s.batch * s.fed_back, c + m * 2 * step,
            root ? root + m * step : nullptr,
            x ? x + m * s.steps * s.batch * s.features : nullptr};
  }
};

// Element (k, j) of the transpose of leaf l of a weight of shape (base * width, columns).
template <typename T>
Matrix<T> transposed_leaf(const T* weight, int64_t l, int64_t width, int64_t columns) {
  return {weight + l * width * columns, 1, columns};
}

// What a loop over time works on, in either direction.
template <typename T>
struct Loop {
  Team& team;
  const Program* const* programs;
  const Sizes& s;
  const T* x;
  const Weights<T> all_weights;
  const Values<T> all_values;
  std::vector<Runner<T>> runners = std::vector<Runner<T>>(team.size);
};

template <typename T>
class Forward : Loop<T> {
  using Base = Loop<T>;
  using Base::all_values, Base::all_weights, Base::programs, Base::runners, Base::s, Base::team;
  using Base::x;

 public:
  Forward(Team& team, const Program* const* programs, const Sizes& s, const T* x,
          const Weights<T>& weights, const Values<T>& values)
      : Base{team, programs, s, x, weights, values}, input(s.base), hidden(s.base) {
    for (auto& leaf : input) leaf.resize(s.features, s.width);
    for (auto& leaf : hidden) leaf.resize(s.fed_back, s.width);
    if (weights.projection) projection.resize(s.width, s.fed_back);
  }

  void run(int64_t m, int64_t rank) {
    const Weights<T> w = all_weights.of(m, s);
    const Values<T> v = all_values.of(m, s);
    pack(w, rank);
    team.wait();
    multiply_inputs(v, rank);
    team.wait();
    Runner<T>& runner = runners[rank];
    runner.load(*programs[m]);
    const Range own = team.part(s.batch, rank);
    for (int64_t t = 0; t < s.steps; ++t) step(*programs[m], w, v, runner, own, t);
  }

 private:
  void pack(const Weights<T>& w, int64_t rank) {
    const Range leaves = team.part(s.base, rank);
    for (int64_t l = leaves.begin; l < leaves.end; ++l) {
      input[l].pack(transposed_leaf<T>(w.input, l, s.width, s.features));
      hidden[l].pack(transposed_leaf<T>(w.hidden, l, s.width, s.fed_back));
    }
    if (w.projection && rank == 0) projection.pack({w.projection, 1, s.width});
  }

  void multiply_inputs(const Values<T>& v, int64_t rank) {
    const int64_t all = s.steps * s.batch;
    const Range rows = team.part(all, rank);
    const Left<T> inputs{{x, s.features, 1}, s.features};
    for (int64_t l = 0; l < s.base; ++l)
      multiply(inputs.from_row(rows.begin), rows.size(), input[l],
               v.x_parts + (l * all + rows.begin) * s.width, s.width, false);
  }

  void step(const Program& program, const Weights<T>& w, const Values<T>& v, Runner<T>& runner,
            Range own, int64_t t) {
    const int64_t size = s.batch * s.width, begin = own.begin * s.width;
    const Left<T> h{{v.h + t * s.batch * s.fed_back, s.fed_back, 1}, s.fed_back};
    std::vector<const T*>& inputs = runner.inputs;
    inputs.clear();
    for (int64_t l = 0; l < s.base; ++l)
      inputs.push_back(v.x_parts + (l * s.steps + t) * size + begin);
    for (int64_t l = 0; l < s.base; ++l) {
      T* part = (program.summed[l] ? v.x_parts + (l * s.steps + t) * size
                                   : v.h_parts + (l * s.kept + t % s.kept) * size) +
                begin;
      for (int64_t i = 0; w.bias && i < own.size(); ++i)
        for (int64_t j = 0; j < s.width; ++j) {
          const T before = program.summed[l] ? part[i * s.width + j] : T(0);
          part[i * s.width + j] = before + w.bias[l * s.width + j];
        }
      multiply(h.from_row(own.begin), own.size(), hidden[l], part, s.width,
               program.summed[l] || w.bias);
      if (!program.summed[l]) inputs.push_back(part);
    }
    inputs.push_back(v.c + t * size + begin);
    T* next_h = v.h + (t + 1) * s.batch * s.fed_back + own.begin * s.fed_back;
    T* root = v.root ? v.root + t * size + begin : next_h;
    T* const results[] = {root, v.c + (t + 1) * size + begin};
    runner.run(inputs.data(), results, own.size() * s.width);
    if (w.projection)
      multiply({{root, s.width, 1}, s.width}, own.size(), projection, next_h, s.fed_back, false);
  }

  std::vector<Right<T>> input, hidden;
  Right<T> projection;
};

// The gradients of parts are kept for so many steps only; then they enter those of the weights.
constexpr int64_t CHUNK = 8;

template <typename T>
class Backward : Loop<T> {
  using Base = Loop<T>;
  using Base::all_values, Base::all_weights, Base::programs, Base::runners, Base::s, Base::team;
  using Base::x;

 public:
  Backward(Team& team, const Program* const* programs, const Sizes& s, const T* x,
           const Weights<T>& weights, const Values<T>& values, const Weights<T>& grad_weights,
           const Gradients<T>& grads)
      : Base{team, programs, s, x, weights, values}, all_grad_weights(grad_weights),
        all_grads(grads), input(grads.x ? s.base : 0) {
    const int64_t rows = s.base * s.width;
    hidden.resize(rows, s.fed_back);
    for (auto& leaf : input) leaf.resize(s.width, s.features);
    if (weights.projection) projection.resize(s.fed_back, s.width);
    grad_x_parts.resize(CHUNK * s.batch * rows);
    grad_h_parts.resize(CHUNK * s.batch * rows);
  }

  void run(int64_t m, int64_t rank) {
    const Weights<T> w = all_weights.of(m, s), grad_w = all_grad_weights.of(m, s);
    const Values<T> v = all_values.of(m, s);
    const Gradients<T> grad = all_grads.of(m, s);
    pack(w, rank);
    Runner<T>& runner = runners[rank];
    runner.load(*programs[m]);
    const Range own = team.part(s.batch, rank);
    team.wait();
    for (int64_t t = s.steps - 1; t >= 0; --t) {
      step(*programs[m], v, grad, runner, own, t);
      if (t % CHUNK == 0) weight_gradients(*programs[m], v, grad, grad_w, t, rank);
    }
  }

 private:
  void pack(const Weights<T>& w, int64_t rank) {
    const Range panels = team.part(hidden.panels(), rank);
    hidden.pack({w.hidden, s.fed_back, 1}, panels.begin, panels.end);
    const Range leaves = team.part(input.size(), rank);
    for (int64_t l = leaves.begin; l < leaves.end; ++l)
      input[l].pack({w.input + l * s.width * s.features, s.features, 1});
    if (w.projection && rank == 0) projection.pack({w.projection, s.width, 1});
  }

  void step(const Program& program, const Values<T>& v, const Gradients<T>& grad,
            Runner<T>& runner, Range own, int64_t t) {
    const int64_t size = s.batch * s.width, begin = own.begin * s.width;
    T* grad_h = grad.h + (t + 1) * s.batch * s.fed_back + own.begin * s.fed_back;
    T* grad_root = grad_h;
    if (grad.root) {
      grad_root = grad.root + begin;
      multiply({{grad_h, s.fed_back, 1}, s.fed_back}, own.size(), projection, grad_root, s.width,
               false);
    }
    std::vector<const T*>& inputs = runner.inputs;
    std::vector<T*>& results = runner.results;
    inputs.clear(), results.clear();
    const int64_t in_chunk = t % CHUNK * size + begin;
    for (int64_t l = 0; l < s.base; ++l) {
      inputs.push_back(v.x_parts + (l * s.steps + t) * size + begin);
      results.push_back(grad_h_parts.data() + l * CHUNK * size + in_chunk);
    }
    for (int64_t l = 0; l < s.base; ++l)
      if (!program.summed[l]) {
        inputs.push_back(v.h_parts + (l * s.steps + t) * size + begin);
        results.push_back(grad_x_parts.data() + l * CHUNK * size + in_chunk);
      }
    inputs.push_back(v.c + t * size + begin);
    inputs.push_back(grad_root);
    inputs.push_back(grad.c + (t + 1) % 2 * size + begin);
    results.push_back(grad.c + t % 2 * size + begin);
    runner.run(inputs.data(), results.data(), own.size() * s.width);
    const T* leaves = grad_h_parts.data() + in_chunk;
    multiply({{leaves, s.width, 1}, s.width, s.base, CHUNK * size}, own.size(), hidden,
             grad.h + t * s.batch * s.fed_back + own.begin * s.fed_back, s.fed_back, true);
  }

  // The gradient with respect to the x part of leaf l, over the steps of a chunk.
  const T* by_x_part(const Program& program, int64_t l) const {
    const auto& parts = program.summed[l] ? grad_h_parts : grad_x_parts;
    return parts.data() + l * CHUNK * s.batch * s.width;
  }

  // Of the chunk of steps that begins at t. Threads share the rows of the weights.
  void weight_gradients(const Program& program, const Values<T>& v, const Gradients<T>& grad,
                        const Weights<T>& grad_w, int64_t t, int64_t rank) {
    const int64_t rows = std::min(CHUNK, s.steps - t) * s.batch, first = t * s.batch;
    team.wait();
    if (grad_w.input && rank == 0) pack(chunk_x, x + first * s.features, rows, s.features);
    if (grad_w.hidden && rank == 1 % team.size)
      pack(chunk_h, v.h + first * s.fed_back, rows, s.fed_back);
    if (grad_w.projection && rank == 2 % team.size)
      pack(chunk_root, v.root + first * s.width, rows, s.width);
    team.wait();
    const Range own = team.part(s.base * s.width, rank);
    for (int64_t l = own.begin / s.width; l * s.width < own.end; ++l) {
      const int64_t begin = std::max(own.begin - l * s.width, int64_t{0});
      const int64_t end = std::min(own.end - l * s.width, s.width);
      const int64_t to = l * s.width + begin;
      const T* x_part = by_x_part(program, l) + begin;
      const T* h_part = grad_h_parts.data() + l * CHUNK * s.batch * s.width + begin;
      if (grad_w.input)
        multiply({{x_part, 1, s.width}, rows}, end - begin, chunk_x,
                 grad_w.input + to * s.features, s.features, true);
      if (grad_w.hidden)
        multiply({{h_part, 1, s.width}, rows}, end - begin, chunk_h,
                 grad_w.hidden + to * s.fed_back, s.fed_back, true);
      for (int64_t i = 0; grad_w.bias && i < rows; ++i)
        for (int64_t j = 0; j < end - begin; ++j) grad_w.bias[to + j] += h_part[i * s.width + j];
    }
    if (grad_w.projection) {
      const Range outputs = team.part(s.fed_back, rank);
      const T* grad_h = grad.h + (first + s.batch) * s.fed_back + outputs.begin;
      multiply({{grad_h, 1, s.fed_back}, rows}, outputs.size(), chunk_root,
               grad_w.projection + outputs.begin * s.width, s.width, true);
    }
    if (grad.x) {
      const Range own_rows = team.part(rows, rank);
      for (int64_t l = 0; l < s.base; ++l) {
        const Left<T> part{{by_x_part(program, l), s.width, 1}, s.width};
        multiply(part.from_row(own_rows.begin), own_rows.size(), input[l],
                 grad.x + (first + own_rows.begin) * s.features, s.features, l > 0);
      }
    }
    team.wait();
  }

  static void pack(Right<T>& to, const T* from, int64_t rows, int64_t columns) {
    to.resize(rows, columns);
    to.pack({from, columns, 1});
  }

  const Weights<T> all_grad_weights;
  const Gradients<T> all_grads;
  Right<T> hidden, projection, chunk_x, chunk_h, chunk_root;
  std::vector<Right<T>> input;
  std::vector<T> grad_x_parts, grad_h_parts;
};

// What Python calls, for both types.

template <typename T>
void forward(const Program* const* programs, const Sizes* sizes, int64_t threads, const T* x,
             const Weights<T>* weights, const Values<T>* values) {
  run_members<Forward<T>>(sizes->members, sizes->batch, threads, programs, *sizes, x, *weights,
                          *values);
}

template <typename T>
void backward(const Program* const* programs, const Sizes* sizes, int64_t threads, const T* x,
              const Weights<T>* weights, const Values<T>* values, const Weights<T>* grad_weights,
              const Gradients<T>* grads) {
  run_members<Backward<T>>(sizes->members, sizes->batch, threads, programs, *sizes, x, *weights,
                           *values, *grad_weights, *grads);
}

#define FOR_TYPE(T)                                                                             \
  extern "C" void forward_##T(const Program* const* p, const Sizes* s, int64_t n, const T* x,   \
                              const Weights<T>* w, const Values<T>* v) {                        \
    forward<T>(p, s, n, x, w, v);                                                               \
  }                                                                                             \
  extern "C" void backward_##T(const Program* const* p, const Sizes* s, int64_t n, const T* x,  \
                               const Weights<T>* w, const Values<T>* v,                         \
                               const Weights<T>* grad_w, const Gradients<T>* grad) {            \
    backward<T>(p, s, n, x, w, v, grad_w, grad);                                                \
  }
FOR_TYPE(float)
FOR_TYPE(double)
