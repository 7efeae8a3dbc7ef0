// What a benchmark says about the machine it ran on, on the screen and in the JSON's context.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "os/capabilities.hpp"

namespace shunt::bench {

// Kernel, huge-page state, CPUs, VMA limit, load, engine: name and value, ready to print.
std::vector<std::pair<std::string, std::string>> environment_facts(const os::Capabilities&);

// CPUs that this process could run on when it first asked: before any thread was kept on one.
const std::vector<int>& usable_cpus();

// Keeps the calling thread on one CPU; nothing happens where that is refused.
void stay_on_cpu(int cpu);

}  // namespace shunt::bench
