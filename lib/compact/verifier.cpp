// Digests of every object before and after, compared in visiting order.
#include "compact/verifier.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace shunt {
namespace {

std::uint64_t digest(Address start, std::size_t bytes) { return XXH3_64bits(pointer_to(start), bytes); }

struct Counter final : ObjectVisitor {
  std::size_t count = 0;
  void visit(Address, std::size_t) override { ++count; }
};

struct Digester final : ObjectVisitor {
  std::span<std::uint64_t> digests;
  std::size_t next = 0;
  void visit(Address start, std::size_t bytes) override {
    SHUNT_CHECK(next, <, digests.size());
    digests[next++] = digest(start, bytes);
  }
};

struct Comparer final : ObjectVisitor {
  std::span<const std::uint64_t> digests;
  const ForwardingTable* forwarding = nullptr;
  Verifier::Outcome outcome{};
  void visit(Address start, std::size_t bytes) override {
    const std::size_t index = outcome.verified + outcome.damaged;
    const bool same = index < digests.size() && digests[index] == digest(forwarding->forward(start), bytes);
    ++(same ? outcome.verified : outcome.damaged);
  }
};

}  // namespace

Result<Verifier> Verifier::before(const os::SystemCalls& kernel, const Embedder& embedder) {
  Counter counter;
  embedder.visit_objects(embedder.context, counter);
  Verifier verifier;
  verifier.count_ = counter.count;
  if (counter.count == 0) return verifier;
  Result<os::MetadataMemory> memory = os::MetadataMemory::map(kernel, counter.count * sizeof(std::uint64_t));
  if (!memory) return memory.error();
  verifier.digests_ = memory.take();
  Digester digester;
  digester.digests = verifier.digests_.as_array<std::uint64_t>();
  embedder.visit_objects(embedder.context, digester);
  return verifier;
}

Verifier::Outcome Verifier::after(const Embedder& embedder, const ForwardingTable& forwarding) const {
  Comparer comparer;
  comparer.digests = digests_.as_array<const std::uint64_t>().first(count_);
  comparer.forwarding = &forwarding;
  embedder.visit_objects(embedder.context, comparer);
  return comparer.outcome;
}

}  // namespace shunt
