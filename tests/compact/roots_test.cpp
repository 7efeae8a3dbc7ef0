// References in objects, to objects and into them: fixed by the embedder's callback, over several
// compactions.
#include <algorithm>
#include <cstring>

#include "model_heap.hpp"

using namespace shunt;
using namespace shunt::testing;

namespace {

// What every node begins with. References are to nodes, into the middle of nodes, foreign or null.
struct Node {
  static constexpr std::size_t most_references = 6;
  std::uint64_t id;
  std::uint64_t size;
  Address references[most_references];
  std::uint64_t reserved;
};

// What a node should say: which node each reference names, and how far into it.
struct Expected {
  static constexpr std::size_t null_target = SIZE_MAX;
  static constexpr std::size_t foreign_target = SIZE_MAX - 1;
  Handle handle{};
  std::size_t size = 0;
  bool lives = true;
  struct {
    std::size_t target = null_target;
    std::size_t offset = 0;
  } references[Node::most_references];
};

class Graph {
 public:
  Graph(const HeapOptions& options, std::uint64_t seed)
      : heap_(os::SystemCalls::real(), options), random_(seed) {
    REQUIRE(heap_.open().ok());
    mutator_ = std::make_unique<Mutator>(heap_.allocator());
  }
  Heap& heap() { return heap_; }

  void grow(std::size_t count) {
    const std::size_t first = nodes_.size();
    for (std::size_t i = 0; i < count; ++i) {
      const auto shape = random_() % 100;
      const std::size_t size = shape < 90   ? sizeof(Node) + random_() % 400
                               : shape < 99 ? 2000 + random_() % 9000
                                            : 40'000 + random_() % 50'000;
      const Result<Handle> handle = heap_.allocate(*mutator_, size);
      REQUIRE(handle.ok());
      Expected expected;
      expected.handle = handle.value();
      expected.size = size;
      nodes_.push_back(expected);
      *node(nodes_.size() - 1) = {nodes_.size() - 1, size, {}, 0};
    }
    for (std::size_t i = first; i < nodes_.size(); ++i) link(i);
  }
  // Stretches of nodes die; who named them forgets them, as a collector would have found nobody to do.
  void thin_out() {
    bool dies = false;
    for (Expected& e : nodes_) {
      if (random_() % 30 == 0) dies = random_() % 2 == 0;
      if (!e.lives || !dies) continue;
      e.lives = false;
      REQUIRE(heap_.release(e.handle));
    }
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (!nodes_[i].lives) continue;
      for (std::size_t r = 0; r < Node::most_references; ++r) {
        auto& reference = nodes_[i].references[r];
        if (reference.target >= nodes_.size() || nodes_[reference.target].lives) continue;
        reference = {};
        node(i)->references[r] = Address::null;
      }
    }
  }
  CompactionReport compact() {
    mutator_->retire();
    slots_ = 0;
    const std::size_t moved_before = moved_;
    const Embedder embedder{this, &Graph::fix, nullptr};
    CompactOptions options;
    options.verify = true;
    const Result<CompactionReport> report = heap_.compact(options, embedder);
    REQUIRE(report.ok());
    CHECK(report.value().objects_damaged == 0);
    CHECK(report.value().slots_fixed == slots_ + live());
    CHECK(moved_ >= moved_before);
    return report.value();
  }
  std::size_t live() const {
    return static_cast<std::size_t>(
        std::count_if(nodes_.begin(), nodes_.end(), [](auto& e) { return e.lives; }));
  }
  std::size_t moved_slots() const { return moved_; }
  std::size_t wrong_references() {
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (!nodes_[i].lives) continue;
      const Node& n = *node(i);
      wrong += n.id != i || n.size != nodes_[i].size;
      for (std::size_t r = 0; r < Node::most_references; ++r)
        wrong += n.references[r] != expected_address(i, r);
    }
    return wrong;
  }

 private:
  Node* node(std::size_t i) { return pointer_to<Node>(heap_.address_of(nodes_[i].handle)); }
  Address expected_address(std::size_t i, std::size_t r) {
    const auto& reference = nodes_[i].references[r];
    if (reference.target == Expected::null_target) return Address::null;
    if (reference.target == Expected::foreign_target) return foreign(reference.offset);
    return heap_.address_of(nodes_[reference.target].handle) + reference.offset;
  }
  // In front of the heap, right behind it, and on this stack's side of the world.
  Address foreign(std::size_t which) {
    const AddressRange heap = heap_.geometry().range();
    const Address places[] = {heap.start - 1, heap.end(), address_of(this), Address{~std::uintptr_t{0}},
                              Address{8}};
    return places[which % std::size(places)];
  }
  void link(std::size_t i) {
    for (std::size_t r = 0; r < Node::most_references; ++r) {
      auto& reference = nodes_[i].references[r];
      const auto kind = random_() % 10;
      if (kind == 0) continue;
      if (kind == 1) {
        reference = {Expected::foreign_target, random_() % 5};
      } else {
        // Any node, older or younger: cycles are as likely as not; now and then itself.
        std::size_t target = kind == 2 ? i : random_() % nodes_.size();
        if (!nodes_[target].lives) target = i;
        reference = {target, kind < 6 ? 0 : random_() % nodes_[target].size};
      }
      node(i)->references[r] = expected_address(i, r);
    }
  }
  // Called when all nodes are at their new places: their handles say where.
  static void fix(void* context, SlotFixer& fixer) {
    auto& self = *static_cast<Graph*>(context);
    for (std::size_t i = 0; i < self.nodes_.size(); ++i) {
      if (!self.nodes_[i].lives) continue;
      for (Address& slot : self.node(i)->references) {
        const Address old = slot;
        fixer.fix(slot);
        self.moved_ += slot != old;
        ++self.slots_;
      }
    }
  }

  Heap heap_;
  std::unique_ptr<Mutator> mutator_;
  std::mt19937_64 random_;
  std::vector<Expected> nodes_;
  std::size_t slots_ = 0;
  std::size_t moved_ = 0;
};

}  // namespace

TEST_CASE(
    "references, interior ones and cycles follow their objects over several compactions, with each engine") {
  for (const EngineKind engine : all_engines) {
    for (const std::size_t granule : {8, 16}) {
      INFO("engine " << std::string(engine_name(engine)) << ", granule " << granule << ", seed "
                     << test_seed());
      HeapOptions options = small_heap(engine);
      options.granule_bytes = granule;
      Graph graph(options, test_seed());
      if (!graph.heap().capabilities().supports(engine)) continue;
      for (int round = 0; round < 4; ++round) {
        graph.grow(3000);
        graph.thin_out();
        CHECK(graph.wrong_references() == 0);
        const CompactionReport report = graph.compact();
        CHECK(report.regions_selected != 0);
        CHECK(graph.wrong_references() == 0);
      }
      CHECK(graph.moved_slots() > 1000);
    }
  }
}

TEST_CASE("without callbacks a heap of handles is compacted all the same") {
  ModelHeap model(small_heap(EngineKind::Copy), test_seed());
  model.churn(500);
  const CompactionReport report = model.compact();
  CHECK(report.slots_fixed == model.objects().size());
}
