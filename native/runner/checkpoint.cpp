#include "checkpoint.hpp"

#include <bit>
#include <cmath>
#include <cstring>

#include "files.hpp"
#include "sha256.hpp"
#include "state.hpp"

namespace linocut {
namespace {

constexpr char magic[8] = {'L', 'I', 'N', 'O', 'R', 'U', 'N', '\0'};
constexpr std::uint64_t version = 1;
constexpr std::size_t fields = 22;
constexpr std::uint64_t header_bytes = sizeof magic + fields * 8 + Sha256::bytes;
constexpr std::uint64_t most_epochs = 1'000'000'000, most_examples = std::uint64_t{1} << 40,
                        most_seed = (std::uint64_t{1} << 63) - 1;

using Fields = std::array<std::uint64_t, fields>;

std::uint64_t bits(double number) { return std::bit_cast<std::uint64_t>(number); }
double number(std::uint64_t bits) { return std::bit_cast<double>(bits); }

Fields put(const Training& t) {
    return {version,
            static_cast<std::uint64_t>(t.schedule.kind),
            bits(t.schedule.gamma),
            t.schedule.wait,
            bits(t.schedule.threshold),
            bits(t.learning_rate),
            t.seed,
            t.batch,
            t.examples,
            t.epochs,
            t.save_every,
            t.classes,
            t.binary_weights,
            bits(t.low),
            bits(t.high),
            t.epoch,
            t.step,
            bits(t.past.best),
            t.past.waited,
            bits(t.past.factor),
            bits(t.seconds),
            t.own_data ? std::uint64_t{1} : 0};
}

Training taken(const Fields& f) {
    Training t;
    t.schedule = {static_cast<ScheduleKind>(f[1] > 3 ? 4 : f[1]), number(f[2]), f[3], number(f[4])};
    t.learning_rate = number(f[5]);
    t.seed = f[6], t.batch = f[7], t.examples = f[8], t.epochs = f[9], t.save_every = f[10];
    t.classes = f[11], t.binary_weights = f[12];
    t.low = number(f[13]), t.high = number(f[14]);
    t.epoch = f[15], t.step = f[16];
    t.past = {number(f[17]), f[18], number(f[19])};
    t.seconds = number(f[20]);
    t.own_data = f[21] != 0;
    return t;
}

// Why there can be no such training, or "".
std::string unsound(const Training& t) {
    if (const std::string reason = t.schedule.unsound(); !reason.empty()) return reason;
    if (!(t.learning_rate > 0.0 && std::isfinite(t.learning_rate))) return "its learning rate is none";
    if (t.batch < 1 || t.examples > most_examples || t.seed > most_seed) return "its sizes are out of range";
    if (t.examples > 0 ? t.batch > t.examples || t.step > t.steps() : t.begun()) return "its step is out of range";
    if (t.epochs < 1 || t.epochs > most_epochs || t.epoch > t.epochs || (t.epoch == t.epochs && t.step > 0))
        return "its epochs are out of range";
    if (!(t.low <= t.high) || !(t.past.factor >= 0.0 && std::isfinite(t.past.factor)) || std::isinf(t.past.best) ||
        t.past.waited > t.schedule.wait || !std::isfinite(t.seconds))
        return "its numbers are out of range";
    return "";
}

Sha256::Digest digest_of_file(const std::string& path) {
    const std::vector<std::uint8_t> bytes = read_all(path);
    Sha256 digest;
    digest.update(bytes.data(), bytes.size());
    return digest.digest();
}

std::array<std::uint8_t, header_bytes> header(const Training& training, const std::string& program) {
    std::array<std::uint8_t, header_bytes> bytes{};
    std::memcpy(bytes.data(), magic, sizeof magic);
    std::uint8_t* at = bytes.data() + sizeof magic;
    for (const std::uint64_t field : put(training))
        for (int shift = 0; shift < 64; shift += 8) *at++ = static_cast<std::uint8_t>(field >> shift);
    const Sha256::Digest digest = digest_of_file(program);
    std::memcpy(at, digest.data(), digest.size());
    return bytes;
}

Fields fields_in(const std::array<std::uint8_t, header_bytes>& bytes) {
    Fields found{};
    const std::uint8_t* at = bytes.data() + sizeof magic;
    for (std::uint64_t& field : found)
        for (int shift = 0; shift < 64; shift += 8) field |= std::uint64_t{*at++} << shift;
    return found;
}

}  // namespace

Training read_checkpoint(const std::string& path, const std::string& program, const Runner& run) {
    InputFile file(path);
    std::array<std::uint8_t, header_bytes> head{};
    const std::uint64_t wanted = head.size() + state_bytes(run) + Sha256::bytes;
    file.read(head.data(), std::min<std::uint64_t>(file.size(), head.size()));
    if (std::memcmp(head.data(), magic, sizeof magic) != 0)
        refuse(path, " is no checkpoint of a device; linocut pack writes one");
    const Fields found = fields_in(head);
    if (found[0] != version) refuse(path, " has version ", found[0], ", must be ", version, "; pack the run anew");
    if (file.size() != wanted)
        refuse(path, " has ", file.size(), " bytes, that of this program has ", wanted, "; pack the run anew");
    if (const Sha256::Digest own = digest_of_file(program);
        std::memcmp(head.data() + head.size() - own.size(), own.data(), own.size()) != 0)
        refuse(path, " is of another program than ", program, "; pack the run anew");
    Sha256 digest;
    digest.update(head.data(), head.size());
    run.each_of_state([&](std::string_view, Place place) {
        file.read(place.data, place.bytes);
        digest.update(place.data, place.bytes);
    });
    Sha256::Digest kept{};
    file.read(kept.data(), kept.size());
    if (kept != digest.digest()) refuse(path, ": its checksum is another than that of its bytes; it is damaged");
    const Training training = taken(found);
    if (const std::string reason = unsound(training); !reason.empty()) refuse(path, ": ", reason, "; it is damaged");
    if (const std::string reason = run.unsound(true); !reason.empty()) refuse(path, ": ", reason, "; it is damaged");
    return training;
}

void write_checkpoint(const std::string& path, const std::string& program, const Runner& run,
                      const Training& training) {
    check_keepable(path, run);
    OutputFile file(path);
    Sha256 digest;
    const auto write = [&](const std::uint8_t* from, std::uint64_t bytes) {
        file.write(from, bytes);
        digest.update(from, bytes);
    };
    const auto head = header(training, program);
    write(head.data(), head.size());
    run.each_of_state([&](std::string_view, Place place) { write(place.data, place.bytes); });
    const Sha256::Digest whole = digest.digest();
    file.write(whole.data(), whole.size());
    file.finish();
}

}  // namespace linocut
