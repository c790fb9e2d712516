#include "state.hpp"

#include "files.hpp"
#include "metrics.hpp"
#include "sha256.hpp"

namespace linocut {

std::uint64_t state_bytes(const Runner& run) {
    std::uint64_t bytes = 0;
    run.each_of_state([&](std::string_view, Place place) { bytes += place.bytes; });
    return bytes;
}

void read_state(const std::string& path, const Runner& run) {
    InputFile file(path);
    if (const std::uint64_t bytes = state_bytes(run); file.size() != bytes)
        refuse(path, " has ", file.size(), " bytes, the state of this program has ", bytes);
    run.each_of_state([&](std::string_view, Place place) { file.read(place.data, place.bytes); });
    if (const std::string reason = run.unsound(true); !reason.empty())
        refuse(path, ": ", reason, "; it is damaged, or another program's");
}

void check_keepable(const std::string& path, const Runner& run) {
    if (const std::string reason = run.unsound(true); !reason.empty())
        throw Divergence(text(path, " is not written: ", reason, "; take smaller learning rates"));
}

void write_state(const std::string& path, const Runner& run) {
    check_keepable(path, run);
    OutputFile file(path);
    run.each_of_state([&](std::string_view, Place place) { file.write(place.data, place.bytes); });
    file.finish();
}

std::string state_sha256(const Runner& run) {
    Sha256 digest;
    run.each_of_state([&](std::string_view name, Place place) {
        if (!is_metric(name)) digest.update(place.data, place.bytes);
    });
    return digest.hex();
}

}  // namespace linocut
