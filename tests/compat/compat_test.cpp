// SPDX-License-Identifier: Apache-2.0
// Every row of the table, carried out.
#include "compare.hpp"
#include "normal.hpp"
#include "observe.hpp"
#include "row.hpp"

#include <catch2/catch.hpp>

#include <exception>
#include <string>

namespace compat {
namespace {

// What is wrong with one row; empty when nothing is.
std::string verdict(const Row& row) {
    try {
        const Lines ours = observe(Program::sbx, row);
        const Lines theirs =
            row.expected.empty() ? in_newer_words(observe(Program::bubblewrap, row)) : row.expected;
        return judge(difference(theirs, ours), row.differs);
    } catch (const std::exception& error) {
        return error.what();
    }
}

// The command line, and what tells it from others that look the same.
std::string title(const Row& row) {
    std::string out = "bwrap " + row.line;
    for (const Given& given : row.given) {
        out += "  " + std::to_string(given.number) + "<" + given.text.substr(0, 40);
    }
    if (!row.directory.empty()) out += "  in " + row.directory;
    for (const std::string& variable : row.environment) out += "  " + variable;
    return out;
}

void check_all(const Table& table) {
    for (const Group& group : table) {
        for (const Row& row : group.rows) {
            if (!applies(row.who)) continue;
            INFO(group.title << ": " << title(row));
            CHECK(verdict(row) == "");
        }
    }
}

TEST_CASE("binds", "[binds]") { check_all(bind_rows()); }
TEST_CASE("descriptors", "[descriptors]") { check_all(descriptor_rows()); }
TEST_CASE("destinations", "[destinations]") { check_all(destination_rows()); }
TEST_CASE("environment", "[environment]") { check_all(environment_rows()); }
TEST_CASE("exit statuses", "[exit]") { check_all(exit_rows()); }
TEST_CASE("identity", "[identity]") { check_all(identity_rows()); }
TEST_CASE("status descriptors", "[status]") { check_all(json_rows()); }
TEST_CASE("what is made", "[made]") { check_all(make_rows()); }
TEST_CASE("modifiers", "[modifiers]") { check_all(modifier_rows()); }
TEST_CASE("mounts", "[mounts]") { check_all(mount_rows()); }
TEST_CASE("namespaces", "[namespaces]") { check_all(namespace_rows()); }
TEST_CASE("newer options", "[newer]") { check_all(newer_rows()); }
TEST_CASE("numbers", "[numbers]") { check_all(number_rows()); }
TEST_CASE("words", "[words]") { check_all(parse_rows()); }
TEST_CASE("privileges", "[privileges]") { check_all(privilege_rows()); }
TEST_CASE("processes", "[processes]") { check_all(process_rows()); }
TEST_CASE("seccomp", "[seccomp]") { check_all(seccomp_rows()); }

}  // namespace
}  // namespace compat
