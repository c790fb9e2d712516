#include "evaluation.hpp"

#include <algorithm>

namespace linocut {

Metrics evaluate(Runner& run, const std::string& section, const Examples& examples,
                 const std::function<void(std::uint64_t)>& after) {
    const MetricsApart apart(run);
    for (std::uint64_t first = 0; first < examples.count(); first += examples.rows()) {
        const std::uint64_t rows = std::min(examples.rows(), examples.count() - first);
        for (std::uint64_t row = 0; row < rows; ++row) examples.put(first + row, row);
        if (rows < examples.rows()) examples.pad(rows);
        run.once(section);
        after(rows);
    }
    return Metrics::of(run);
}

}  // namespace linocut
