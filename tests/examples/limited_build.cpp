// SPDX-License-Identifier: Apache-2.0
// limited_build DIRECTORY COMMAND [ARG...]: runs a build that sees nothing but its own directory
// and the system's tools, without a network, and says how it went. As an example of libsbx:
//
//   g++ -O2 -o limited_build limited_build.cpp $(pkg-config --cflags --libs sbx)
//   ./limited_build ~/project make -j4
#include <sbx/host.hpp>
#include <sbx/plan.hpp>
#include <sbx/policy.hpp>
#include <sbx/run.hpp>

#include <filesystem>
#include <iostream>

namespace {

// Errors are sentences that name the thing and, where there is one, the remedy.
int fail(const sbx::Error& error) {
    std::cerr << "limited_build: " << error.message << "\n";
    return 125;
}

// What the build may see. Everything that is not named here does not exist for it: a Spec has
// namespaces of every kind (no network but loopback, no processes of others), drops capabilities,
// and gives a /proc, a /dev and an empty /tmp.
sbx::Spec limits(const std::string& directory, std::vector<std::string> command) {
    using sbx::entry::Bind;
    using Change = sbx::EnvironmentChange;
    sbx::Spec spec;
    // With /bin, /lib, ... as links, and with /etc/alternatives, which leads to the compiler.
    spec.entries = {
        Bind{"/usr", "/usr", sbx::Access::read_only},
        Bind{"/etc/passwd", "/etc/passwd", sbx::Access::read_only, sbx::IfMissing::skip}};
    spec.entries.push_back(Bind{directory, directory, sbx::Access::read_write});
    spec.directory = directory;
    // A variable of yours may hold a key, so they begin with none.
    spec.environment = {{Change::Kind::clear},
                        {Change::Kind::set, "PATH", "/usr/local/bin:/usr/bin:/bin"},
                        {Change::Kind::set, "HOME", "/tmp"},
                        {Change::Kind::keep, "LANG"}};
    spec.command = std::move(command);
    return spec;
}

int report(const sbx::Outcome& outcome) {
    using End = sbx::Outcome::End;
    if (outcome.end == End::exited) std::cout << "exit status " << outcome.code;
    if (outcome.end == End::signalled) std::cout << "killed by signal " << outcome.code;
    if (outcome.end != End::exited && outcome.end != End::signalled) return fail(outcome.error);
    const auto seconds = [](std::chrono::microseconds time) {
        return std::chrono::duration<double>(time).count();
    };
    std::cout << ", " << seconds(outcome.wall) << " s";
    if (outcome.usage) {  // of all processes of the build together
        std::cout << ", " << seconds(outcome.usage->user + outcome.usage->system) << " s of CPU, "
                  << outcome.usage->max_rss / 1024 << " KiB in the largest process";
    }
    std::cout << "\n";
    return outcome.end == End::exited ? outcome.code : 128 + outcome.code;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) return fail({"what is wanted: limited_build DIRECTORY COMMAND [ARG...]"});
    std::error_code error;
    const auto directory = std::filesystem::canonical(argv[1], error);
    if (error) return fail({std::string(argv[1]) + ": " + error.message()});
    sbx::Spec spec = limits(directory, {argv + 2, argv + argc});
    // The system calls that ordinary programs use. A Spec has no filter unless it is given one.
    auto filter = sbx::builtin_policy("default");
    if (!filter) return fail(filter.error());
    spec.filters.push_back(std::move(*filter));

    // What is asked for, what the machine has, what will be done. Only run() does anything.
    const auto host = sbx::probe_host(spec);
    if (!host) return fail(host.error());
    const auto plan = sbx::make_plan(spec, *host);
    if (!plan) return fail(plan.error());
    for (const auto& warning : plan->warnings) std::cerr << "warning: " << warning.text << "\n";
    return report(sbx::run(*plan));
}
