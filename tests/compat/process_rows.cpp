// SPDX-License-Identifier: Apache-2.0
// Sessions, process groups, signal dispositions; what runs beside the command.
#include "row.hpp"

namespace compat {

Table process_rows() {
    return {
        {"processes",
         {
             {"| process , signal-state"},
             {"--unshare-pid | process , signal-state"},
             {"--unshare-pid --as-pid-1 | process , signal-state"},
             {"--as-pid-1 | process"},
             {"--unshare-all --as-pid-1 | process"},
             {"--new-session | process"},
             {"--new-session --unshare-pid | process"},
             {"--new-session --unshare-pid --as-pid-1 | process"},
             {"--new-session --new-session --die-with-parent --die-with-parent | echo x"},
             {"--die-with-parent | process , signal-state"},
             {"--unshare-pid --proc /proc | running"},
         }},
    };
}

}  // namespace compat
