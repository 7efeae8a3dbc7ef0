// See header_codec.hpp. One list of the numbers serves both directions, so that they cannot disagree.
#include "header_codec.hpp"

#include <xxhash.h>

#include "bytes.hpp"

namespace shunt::trace {
namespace {

// Calls visit(number) for every 64-bit number of the header, in the file's order.
template <class AnyHeader, class Visit>
void for_each_number(AnyHeader& header, Visit visit) {
  visit(header.recorded_seconds);
  visit(header.unknown_frees);
  visit(header.implied_frees);
  auto& totals = header.totals;
  visit(totals.events);
  visit(totals.objects);
  visit(totals.reallocations);
  visit(totals.frees);
  visit(totals.threads);
  visit(totals.allocated_bytes);
  visit(totals.largest_bytes);
  visit(totals.peak_live_bytes);
  visit(totals.peak_event);
  visit(totals.peak_live_objects);
  visit(totals.end_live_bytes);
}

void put_string(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out += text;
}

bool get_string(Cursor& cursor, std::string& out) {
  std::uint64_t length = 0;
  std::string_view text;
  if (!cursor.varint(length) || !cursor.bytes(length, text)) return false;
  out = text;
  return true;
}

}  // namespace

std::string encode_header(const Header& header) {
  std::string out;
  for_each_number(header, [&](auto number) { put_fixed(out, number); });
  out.push_back(header.forked ? 1 : 0);
  put_string(out, header.command);
  put_string(out, header.kernel);
  return out;
}

bool decode_header(std::string_view bytes, Header& header) {
  Cursor cursor(bytes);
  bool complete = true;
  for_each_number(header, [&](auto& number) {
    std::string_view field;
    complete = complete && cursor.bytes(sizeof(number), field);
    if (complete) number = get_fixed<std::decay_t<decltype(number)>>(field, 0);
  });
  std::uint8_t forked = 0;
  complete = complete && cursor.byte(forked) && forked <= 1;
  header.forked = forked == 1;
  return complete && get_string(cursor, header.command) && get_string(cursor, header.kernel) &&
         cursor.at_end();
}

std::uint64_t hash_of(std::string_view first, std::string_view second) {
  // The first part's hash seeds the second's: as strong as one pass, with no state to allocate.
  const std::uint64_t seed = XXH3_64bits(first.data(), first.size());
  return second.empty() ? seed : XXH3_64bits_withSeed(second.data(), second.size(), seed);
}

}  // namespace shunt::trace
