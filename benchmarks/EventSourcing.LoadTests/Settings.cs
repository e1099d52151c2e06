using System.Globalization;

namespace EventSourcing.LoadTests;

/// <summary>What the command line says.</summary>
internal sealed record Settings
{
    public required string Workload { get; init; }

    /// <summary>Interleaved rounds of each race.</summary>
    public int Rounds { get; private init; } = 5;

    /// <summary>Where the files go; the disk under it is what is measured.</summary>
    public string Directory { get; private init; } = Path.Combine(Path.GetTempPath(), "eventsourcing-loadtests");

    /// <summary>How long a timed run lasts.</summary>
    public double Seconds { get; private init; } = 1;

    /// <summary>How many events the log has where a workload reads one.</summary>
    public int Events { get; private init; } = 1_000_000;

    /// <summary>Includes what takes minutes and gigabytes.</summary>
    public bool Large { get; private init; }

    /// <summary>Rows of the limits to run, by letter; empty for all.</summary>
    public string Rows { get; private init; } = "";

    public static Settings? Parse(string[] arguments)
    {
        if (arguments.Length == 0 || arguments[0].StartsWith('-')) return null;
        var settings = new Settings { Workload = arguments[0] };
        for (var i = 1; i < arguments.Length; i++)
        {
            if (arguments[i] == "--large")
            {
                settings = settings with { Large = true };
                continue;
            }

            if (i + 1 == arguments.Length) return null;
            var value = arguments[++i];
            switch (arguments[i - 1])
            {
                case "--rounds": settings = settings with { Rounds = int.Parse(value, CultureInfo.InvariantCulture) }; break;
                case "--seconds": settings = settings with { Seconds = double.Parse(value, CultureInfo.InvariantCulture) }; break;
                case "--events": settings = settings with { Events = int.Parse(value, CultureInfo.InvariantCulture) }; break;
                case "--dir": settings = settings with { Directory = value }; break;
                case "--rows": settings = settings with { Rows = value.ToUpperInvariant() }; break;
                default: return null;
            }
        }

        System.IO.Directory.CreateDirectory(settings.Directory);
        return settings;
    }
}
