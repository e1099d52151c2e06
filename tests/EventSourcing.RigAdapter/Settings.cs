using System.Globalization;
using EventSourcing.Sqlite;

namespace EventSourcing.RigAdapter;

/// <summary>The start arguments <c>name=value</c>; unknown names are ignored, as the protocol says.</summary>
internal sealed class Settings
{
    private readonly Dictionary<string, string> _values;

    internal Settings(IEnumerable<string> arguments) =>
        _values = arguments.Select(a => a.Split('=', 2)).ToDictionary(p => p[0], p => p.Length > 1 ? p[1] : "");

    internal SqliteOptions ToOptions()
    {
        var defaults = new SqliteOptions();
        return new()
        {
            Durability = _values.GetValueOrDefault("sync", "FULL") == "NORMAL" ? Durability.ProcessCrashOnly : Durability.Full,
            CheckpointPages = _values.TryGetValue("autockpt", out var pages) ? int.Parse(pages, CultureInfo.InvariantCulture) : defaults.CheckpointPages,
            BusyTimeout = _values.TryGetValue("busy", out var milliseconds)
                ? TimeSpan.FromMilliseconds(int.Parse(milliseconds, CultureInfo.InvariantCulture))
                : defaults.BusyTimeout,
        };
    }
}
