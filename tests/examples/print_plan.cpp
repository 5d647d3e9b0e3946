// SPDX-License-Identifier: Apache-2.0
// print_plan text|json|tree COMMAND [ARG...]: what would be done to run COMMAND with the system
// read-only, the working directory writable and a key in it hidden; nothing is run. As an example
// of libsbx:
//
//   g++ -O2 -o print_plan print_plan.cpp $(pkg-config --cflags --libs sbx)
//   ./print_plan tree make
#include <sbx/host.hpp>
#include <sbx/plan.hpp>

#include <iostream>

namespace {

int fail(const std::string& message) {
    std::cerr << "print_plan: " << message << "\n";
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) return fail("what is wanted: print_plan text|json|tree COMMAND [ARG...]");
    const std::string format = argv[1];
    const auto here = sbx::current_directory();
    if (!here) return fail(here.error().message);

    // A Spec is a value. Its entries are carried out in their order, so a later one may lie upon an
    // earlier one; guards come last wherever they stand.
    namespace entry = sbx::entry;
    sbx::Spec spec;
    spec.entries = {
        entry::Bind{"/usr", "/usr", sbx::Access::read_only},
        entry::Tmpfs{"/var/tmp", 01777, 64 << 20},  // 64 MiB
        entry::Bind{*here, *here, sbx::Access::read_write},
        entry::Guard{entry::Guard::Kind::mask, *here + "/secret.key", sbx::IfMissing::skip},
    };
    spec.hostname = "sandbox";
    spec.command = {argv + 2, argv + argc};

    // The host is looked at once and is a value too: a test can write one by hand.
    const auto host = sbx::probe_host(spec);
    if (!host) return fail(host.error().message);
    const auto plan = sbx::make_plan(spec, *host);
    if (!plan) return fail(plan.error().message);

    // This is all that run(*plan) would do: nothing is decided after a plan is made.
    if (format == "text") {
        std::cout << sbx::describe(*plan);
    } else if (format == "json") {
        std::cout << sbx::describe_json(*plan);
    } else if (format == "tree") {
        std::cout << sbx::describe_tree(*plan);
    } else {
        return fail("\"" + format + "\" is no format; take text, json or tree");
    }
    std::cout.flush();
    return std::cout ? 0 : fail("writing to standard output failed");
}
