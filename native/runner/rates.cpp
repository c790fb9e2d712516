#include "rates.hpp"

#include <cstring>
#include <limits>

#include "files.hpp"
#include "metrics.hpp"

namespace linocut {

Place learning_rate(const Runner& run) {
    const Place control = run.place("control");
    if (control.bytes < sizeof(double)) refuse("the buffer 'control' holds no learning rate");
    return {control.data, sizeof(double)};
}

void set_rate(const Runner& run, double rate) { std::memcpy(learning_rate(run).data, &rate, sizeof rate); }

double rate_of(const Runner& run) { return number_at(learning_rate(run)); }

void check_rate(const std::string& where, std::uint64_t run, double rate) {
    if (!(rate >= 0.0 && rate <= std::numeric_limits<double>::max()))
        refuse(where, ": the learning rate of run ", run, " is ", rate, ", must be a finite number, 0 or more");
}

void check_rates(const std::string& path) {
    InputFile file(path);
    double rate = 0.0;
    for (std::uint64_t i = 0; i < file.size() / sizeof rate; ++i) {
        file.read(&rate, sizeof rate);
        check_rate(path, i + 1, rate);
    }
}

}  // namespace linocut
