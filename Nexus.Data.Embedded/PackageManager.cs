namespace Nexus.Data.Embedded;

/// <summary>How PostgreSQL's server comes onto a machine.</summary>
/// <param name="Program">What must be on PATH.</param>
/// <param name="Package">What a person would ask it for.</param>
/// <param name="Script">For <c>/bin/sh</c>: asks nothing, and fetches lists of packages only where it fails.</param>
internal sealed record PackageManager(string Program, string Package, string Script)
{
    public static IReadOnlyList<PackageManager> All { get; } =
    [
        // postgresql-common first: it is what would make and start a cluster of its own on port 5432, if not told.
        new("apt-get", "postgresql", """
            export DEBIAN_FRONTEND=noninteractive
            get() { apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=120 install "$1" </dev/null; }
            get postgresql-common || { apt-get -q update && get postgresql-common; } || exit 1
            conf=/etc/postgresql-common/createcluster.conf
            cp -p "$conf" "$conf.nexus-data" && trap 'mv -f "$conf.nexus-data" "$conf"' EXIT
            echo 'create_main_cluster = false' >>"$conf"
            get postgresql || { apt-get -q update && get postgresql; }
            """),
        new("dnf", "postgresql-server", "dnf -q -y install postgresql-server"),
        new("yum", "postgresql-server", "yum -q -y install postgresql-server"),
        new("zypper", "postgresql-server", "zypper --non-interactive --quiet install postgresql-server"),
        new("apk", "postgresql", "apk add --no-progress postgresql || { apk update && apk add postgresql; }"),
        new("pacman", "postgresql", """
            get() { pacman --noconfirm --needed "$1" postgresql; }
            get -S || get -Sy
            """),
        new("brew", "postgresql@17", """
            export NONINTERACTIVE=1 HOMEBREW_NO_AUTO_UPDATE=1
            brew install --quiet postgresql@17 || { brew update && brew install --quiet postgresql@17; }
            """),
    ];

    /// <summary>Homebrew installs for its user and refuses root; the others need root.</summary>
    public bool NeedsRoot => Program != "brew";

    /// <summary>What a person types.</summary>
    public string Command => Program switch
    {
        "apk" => $"sudo apk add {Package}",
        "pacman" => $"sudo pacman -S {Package}",
        "brew" => $"brew install {Package}",
        _ => $"sudo {Program} install {Package}",
    };
}
