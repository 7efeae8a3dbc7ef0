// Deep verification: every live object's contents before anything moves, against its contents at its new
// place.
//
// Digests (XXH3, 64 bits) in the order in which the embedder visits its objects. Compared after the moves and
// before references are fixed, because fixing is the one thing that may change contents. Reads the whole live
// heap twice: for tests, the demo, and hosts that want proof.
#pragma once

#include <cstdint>

#include "base/result.hpp"
#include "compact/embedder.hpp"
#include "os/metadata_memory.hpp"

namespace shunt {

class Verifier {
 public:
  // Digests every object. Errors: no memory for 8 bytes an object. O(live bytes).
  static Result<Verifier> before(const os::SystemCalls&, const Embedder&);

  struct Outcome {
    std::uint64_t verified = 0;
    std::uint64_t damaged = 0;
  };
  // The embedder still names the old addresses. O(live bytes).
  Outcome after(const Embedder&, const ForwardingTable&) const;

 private:
  os::MetadataMemory digests_{};
  std::size_t count_ = 0;
};

}  // namespace shunt
