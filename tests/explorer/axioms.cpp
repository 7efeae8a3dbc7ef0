// Relations between events are rows of bits; what is derived from them follows the paper's names.
#include "explorer/axioms.hpp"

#include <algorithm>

namespace shunt::testing {
namespace {

constexpr unsigned max_events = 16;

// row[a] has bit b: a is before b.
struct Relation {
  std::array<std::uint16_t, max_events> row{};

  bool has(unsigned a, unsigned b) const { return row[a] >> b & 1u; }
  void add(unsigned a, unsigned b) { row[a] = static_cast<std::uint16_t>(row[a] | 1u << b); }
  Relation operator|(const Relation& other) const {
    Relation both;
    for (unsigned a = 0; a < max_events; ++a) both.row[a] = row[a] | other.row[a];
    return both;
  }
  // a to c, if a to b here and b to c there.
  Relation then(const Relation& other) const {
    Relation result;
    for (unsigned a = 0; a < max_events; ++a) {
      for (unsigned b = 0; b < max_events; ++b) {
        if (has(a, b)) result.row[a] |= other.row[b];
      }
    }
    return result;
  }
  Relation closure() const {
    Relation closed = *this;
    for (unsigned b = 0; b < max_events; ++b) {
      for (unsigned a = 0; a < max_events; ++a) {
        if (closed.has(a, b)) closed.row[a] |= closed.row[b];
      }
    }
    return closed;
  }
  bool is_irreflexive() const {
    for (unsigned a = 0; a < max_events; ++a) {
      if (has(a, a)) return false;
    }
    return true;
  }
};

struct EventOfProgram {
  Instruction instruction;
  unsigned thread = 0;
  bool is_initial = false;
  bool reads() const {
    return !is_initial && (instruction.kind == StepKind::Load || instruction.kind == StepKind::Exchange);
  }
  bool writes() const {
    return is_initial || instruction.kind == StepKind::Store || instruction.kind == StepKind::Exchange;
  }
  bool is_fence() const { return !is_initial && instruction.kind == StepKind::Fence; }
  bool is_sequential() const { return !is_initial && instruction.order == std::memory_order_seq_cst; }
};

class Axioms {
 public:
  Axioms(const Instructions& program, unsigned locations) : locations_(locations) {
    for (unsigned l = 0; l < locations; ++l) {
      events_.push_back({{StepKind::Store, l, 0, std::memory_order_relaxed}, max_threads, true});
    }
    for (unsigned t = 0; t < program.size(); ++t) {
      for (const Instruction& instruction : program[t]) events_.push_back({instruction, t, false});
    }
    for (unsigned a = 0; a < events_.size(); ++a) {
      for (unsigned b = a + 1; b < events_.size(); ++b) {
        const bool from_start = events_[a].is_initial && !events_[b].is_initial;
        if (from_start || (events_[a].thread == events_[b].thread && !events_[a].is_initial)) sb_.add(a, b);
      }
    }
    order_.resize(locations);
    for (unsigned e = 0; e < events_.size(); ++e) {
      if (events_[e].writes()) order_[events_[e].instruction.location].push_back(e);
    }
    source_.resize(events_.size());
  }

  Outcomes all() {
    choose_order(0);
    return outcomes_;
  }

 private:
  void choose_order(unsigned location) {
    if (location == locations_) return choose_source(0);
    auto& order = order_[location];
    std::sort(order.begin() + 1, order.end());  // the start stays first
    do {
      choose_order(location + 1);
    } while (std::next_permutation(order.begin() + 1, order.end()));
  }

  void choose_source(unsigned event) {
    if (event == events_.size()) {
      if (is_consistent()) outcomes_.insert(outcome());
      return;
    }
    if (!events_[event].reads()) return choose_source(event + 1);
    for (const unsigned source : order_[events_[event].instruction.location]) {
      if (source == event) continue;
      source_[event] = source;
      choose_source(event + 1);
    }
  }

  bool is_consistent() const {
    Relation rf, mo, rb;
    for (const auto& order : order_) {
      for (unsigned i = 0; i < order.size(); ++i) {
        for (unsigned j = i + 1; j < order.size(); ++j) mo.add(order[i], order[j]);
      }
    }
    for (unsigned e = 0; e < events_.size(); ++e) {
      if (!events_[e].reads()) continue;
      rf.add(source_[e], e);
      for (unsigned w = 0; w < events_.size(); ++w) {
        if (mo.has(source_[e], w) && w != e) rb.add(e, w);
      }
      if (events_[e].writes() && !follows_directly(e)) return false;  // atomicity
    }
    if (!(sb_ | rf).closure().is_irreflexive()) return false;  // no load buffering
    const Relation eco = (rf | mo | rb).closure();
    const Relation hb = (sb_ | synchronizes(rf)).closure();
    if (!hb.is_irreflexive() || !hb.then(eco).is_irreflexive()) return false;  // coherence
    return is_sequential(hb, eco, mo | rb);
  }
  bool follows_directly(unsigned update) const {
    const auto& order = order_[events_[update].instruction.location];
    const auto at = std::find(order.begin(), order.end(), update);
    return at != order.begin() && *(at - 1) == source_[update];
  }

  Relation synchronizes(const Relation& rf) const {
    Relation sw;
    for (unsigned read = 0; read < events_.size(); ++read) {
      if (!events_[read].reads()) continue;
      // The release sequences that the store it reads is in: from it back through read-modify-writes.
      for (unsigned head = source_[read];; head = source_[head]) {
        connect(head, read, sw);
        if (!events_[head].reads()) break;
        if (!rf.has(source_[head], head)) break;
      }
    }
    return sw;
  }
  void connect(unsigned store, unsigned read, Relation& sw) const {
    for (unsigned from = 0; from < events_.size(); ++from) {
      const bool is_store = from == store, is_fence = events_[from].is_fence() && sb_.has(from, store);
      if (events_[from].is_initial || !(is_store || is_fence)) continue;
      if (!releases(events_[from].instruction.order)) continue;
      for (unsigned to = 0; to < events_.size(); ++to) {
        const bool is_read = to == read, is_fence_after = events_[to].is_fence() && sb_.has(read, to);
        if (!(is_read || is_fence_after) || !acquires(events_[to].instruction.order)) continue;
        sw.add(from, to);
      }
    }
  }

  // psc of RC11: acyclic over seq_cst events.
  bool is_sequential(const Relation& hb, const Relation& eco, const Relation& mo_rb) const {
    Relation scb = sb_ | mo_rb, far;
    for (unsigned a = 0; a < events_.size(); ++a) {
      for (unsigned b = 0; b < events_.size(); ++b) {
        const bool same = !events_[a].is_fence() && !events_[b].is_fence() &&
                          events_[a].instruction.location == events_[b].instruction.location;
        if (sb_.has(a, b) && !same) far.add(a, b);
        if (hb.has(a, b) && same) scb.add(a, b);
      }
    }
    scb = scb | far.then(hb).then(far);
    Relation identity, into, out;  // ([Esc] | [Fsc]; hb?) and ([Esc] | hb?; [Fsc])
    for (unsigned e = 0; e < events_.size(); ++e) {
      if (!events_[e].is_sequential()) continue;
      into.add(e, e);
      out.add(e, e);
      if (!events_[e].is_fence()) continue;
      identity.add(e, e);
      into.row[e] |= hb.row[e];
      for (unsigned a = 0; a < events_.size(); ++a) {
        if (hb.has(a, e)) out.add(a, e);
      }
    }
    const Relation fences = identity.then(hb | hb.then(eco).then(hb)).then(identity);
    return (into.then(scb).then(out) | fences).closure().is_irreflexive();
  }

  Outcome outcome() const {
    Outcome result;
    for (unsigned e = 0; e < events_.size(); ++e) {
      if (events_[e].reads()) result.push_back(events_[source_[e]].instruction.value);
    }
    for (const auto& order : order_) result.push_back(events_[order.back()].instruction.value);
    return result;
  }

  unsigned locations_;
  std::vector<EventOfProgram> events_;
  Relation sb_;
  std::vector<std::vector<unsigned>> order_;  // of each location's stores
  std::vector<unsigned> source_;              // of each read
  Outcomes outcomes_;
};

}  // namespace

Outcomes outcomes_by_axioms(const Instructions& program, unsigned locations) {
  return Axioms(program, locations).all();
}

std::string text_of(const Instructions& program) {
  constexpr const char* orders[] = {"relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst"};
  std::string text;
  for (unsigned t = 0; t < program.size(); ++t) {
    text += std::string("thread ") + std::to_string(t) + ":";
    for (const Instruction& i : program[t]) {
      const std::string place = std::string(1, char('x' + i.location));
      const std::string order = orders[int(i.order)];
      switch (i.kind) {
        case StepKind::Load:
          text += " load " + place;
          break;
        case StepKind::Store:
          text += " " + place + "=" + std::to_string(i.value);
          break;
        case StepKind::Exchange:
          text += " exchange " + place + "=" + std::to_string(i.value);
          break;
        default:
          text += " fence";
          break;
      }
      text += " " + order + ";";
    }
    text += "\n";
  }
  return text;
}

}  // namespace shunt::testing
