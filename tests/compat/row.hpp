// SPDX-License-Identifier: Apache-2.0
// The table: command lines that bubblewrap and sbx are both given, and where the two are meant to
// differ. It is data; observe.hpp carries it out.
//
// A command line is one string. Its words are separated by blanks; '...' is one word, '' an empty
// one. "@" is the directory that Fixture makes, PAYLOAD the program that runs inside. What follows
// " | " is what that program does: the line "OPTIONS | SENTENCE" stands for
// "--ro-bind PAYLOAD /p OPTIONS -- /p SENTENCE". A line without " | " is taken as it is.
#pragma once

#include <string>
#include <vector>

namespace compat {

using Lines = std::vector<std::string>;

enum class Who { everybody, user, root };

/// Something on a descriptor number of the program that is started.
struct Given {
    enum class Kind {
        content,               ///< a file with `text`
        path,                  ///< `text` opened for reading
        path_only,             ///< `text` opened with O_PATH
        writable,              ///< `text` opened for writing
        byte,                  ///< a pipe that holds one byte and has ended
        end,                   ///< a pipe that has ended
        collected,             ///< a pipe; what comes out of it is part of what is seen
        closed,                ///< nothing, where there would be something
        user_namespace,        ///< a user namespace in which the caller is root
        inner_user_namespace,  ///< one below the user namespace on descriptor `text`
        pid_namespace,         ///< a pid namespace, of the user namespace on descriptor `text`
    };
    int number = -1;
    Kind kind = Kind::content;
    std::string text = {};
};

/// A difference that is meant: the lines that only bubblewrap's sight has ("-status 1") and those
/// that only sbx's has ("+status 0"). A line may end with "*": it begins like that. Exactly the
/// lines that are listed must differ, or the test fails.
struct Difference {
    std::string reason;
    Lines lines;
    Who who = Who::everybody;
};

struct Row {
    std::string line;
    Who who = Who::everybody;
    std::vector<Given> given = {};
    Lines environment = {};      ///< "NAME=VALUE", after HOME and PATH
    std::string directory = {};  ///< where it starts; empty: the fixture
    Lines mounts = {};           ///< where a tmpfs is, in a mount namespace made for it
    std::vector<Difference> differs = {};
    /// For what bubblewrap 0.8.0 does not have: what sbx must show, by the contract.
    Lines expected = {};
};

struct Group {
    std::string title;
    std::vector<Row> rows;
};
using Table = std::vector<Group>;

// One function for each tag.
Table bind_rows();
Table descriptor_rows();
Table destination_rows();
Table environment_rows();
Table exit_rows();
Table identity_rows();
Table json_rows();
Table make_rows();
Table modifier_rows();
Table mount_rows();
Table namespace_rows();
Table newer_rows();
Table number_rows();
Table parse_rows();
Table privilege_rows();
Table process_rows();
Table seccomp_rows();

/// All of them.
Table whole_table();

/// The words of a line.
Lines words_of(const std::string& line);

/// bubblewrap's line of stderr, after which sbx says what can be done.
Difference remedied(const std::string& message);
/// Another line of stderr, which may end with "*".
Difference other_words(const std::string& reason, const std::string& theirs,
                       const std::string& ours);
/// sbx refuses, with `message`, what bubblewrap takes: its status and the lines of its output.
Difference now_refused(const std::string& reason, const std::string& message,
                       const std::string& status = "3", const Lines& output = {});

/// Reasons that more than one row has.
namespace reason {
inline const std::string newer = "bubblewrap 0.13.1 differs from 0.8.0 here";
inline const std::string parents = "directories made on the way are 0755, as documented";
inline const std::string inside = "a symbolic link in a destination means the new root's path";
inline const std::string remedy = "the same, and what can be done about it";
inline const std::string directories =
    "an inherited directory would be a way out of the sandbox, so it is not passed on";
inline const std::string bounding = "what is dropped leaves the bounding set, too";
inline const std::string twice = "a descriptor that two options read is refused";
inline const std::string command_in_file = "a command in a file of arguments is refused, not lost";
inline const std::string digits = "a number consists of digits";
inline const std::string width = "a number that does not fit is refused";
inline const std::string stdin_stays = "descriptors 0, 1 and 2 are always open";
inline const std::string used = "a descriptor that an option used is closed";
inline const std::string not_open = "an option with a descriptor that is not open is refused";
inline const std::string root_proc = "more of /proc is read-only for root";
}  // namespace reason

}  // namespace compat
