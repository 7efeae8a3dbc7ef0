// One thread that computes on another CPU while the benchmark moves pages, as a mutator that was not parked.
//
// It touches no page that moves; its presence alone makes every TLB shootdown an interrupt to its CPU.
#pragma once

#include <atomic>
#include <thread>

#include "support/environment.hpp"

namespace shunt::bench {

class RunningMutator {
 public:
  explicit RunningMutator(int cpu) : thread_([this, cpu] { run(cpu); }) {
    while (!started_.load()) std::this_thread::yield();
  }
  ~RunningMutator() {
    stop_.store(true);
    thread_.join();
  }
  RunningMutator(const RunningMutator&) = delete;
  RunningMutator& operator=(const RunningMutator&) = delete;

 private:
  void run(int cpu) {
    stay_on_cpu(cpu);
    started_.store(true);
    while (!stop_.load(std::memory_order_relaxed))
      work_.store(work_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  std::atomic<bool> started_{false};
  std::atomic<bool> stop_{false};
  std::atomic<unsigned long> work_{0};
  std::thread thread_;
};

}  // namespace shunt::bench
