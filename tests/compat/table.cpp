// SPDX-License-Identifier: Apache-2.0
#include "row.hpp"

namespace compat {

Table whole_table() {
    Table out;
    for (const Table& table :
         {bind_rows(), descriptor_rows(), destination_rows(), environment_rows(), exit_rows(),
          identity_rows(), json_rows(), make_rows(), modifier_rows(), mount_rows(),
          namespace_rows(), newer_rows(), number_rows(), parse_rows(), privilege_rows(),
          process_rows(), seccomp_rows()}) {
        out.insert(out.end(), table.begin(), table.end());
    }
    return out;
}

Difference remedied(const std::string& message) {
    return other_words(reason::remedy, message, message + "; *");
}

Difference other_words(const std::string& reason, const std::string& theirs,
                       const std::string& ours) {
    return {reason, {"-err bwrap: " + theirs, "+err bwrap: " + ours}};
}

Difference now_refused(const std::string& reason, const std::string& message,
                       const std::string& status, const Lines& output) {
    Difference out{reason, {"-status " + status, "+status 1", "+err bwrap: " + message}};
    for (const std::string& line : output) out.lines.push_back("-out " + line);
    return out;
}

}  // namespace compat
