using System.Buffers;

namespace EventSourcing.Sqlite.Files;

/// <summary>Tells a path from a connection string, a URI and the name of a database in memory. SQLite would create a file of that name.</summary>
internal static class PathText
{
    // Of Microsoft.Data.Sqlite, System.Data.SQLite and the common servers.
    private static readonly HashSet<string> s_keywords = new(StringComparer.OrdinalIgnoreCase)
    {
        "Data Source", "DataSource", "Filename", "FullUri", "Uri", "Mode", "Cache", "Password", "Pwd", "Foreign Keys", "Recursive Triggers", "Default Timeout", "Command Timeout", "Connection Timeout",
        "Pooling", "Vfs", "Version", "Journal Mode", "Read Only", "Synchronous", "Server", "Host", "Database", "Initial Catalog", "User Id", "Uid", "Username", "Provider",
    };

    private static readonly SearchValues<char> s_keyCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ \t");

    /// <exception cref="ArgumentException">The text is empty or is not the path of a file. Nothing was created.</exception>
    internal static void ThrowIfNoPath(string path, string parameter)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path, parameter);
        if (path.Contains('\0', StringComparison.Ordinal)) throw new ArgumentException($"'{path.Replace('\0', '?')}' is no path: it contains a null character (shown as '?').", parameter);
        if (path.Trim().Equals(":memory:", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException($"'{path}' is no path. For a log in memory use InMemoryEventLog; this package keeps a log in a file.", parameter);
        if (IsUri(path)) throw new ArgumentException($"'{path}' is a URI. Pass the path of the file, and SqliteOptions for what the URI's parameters would set.", parameter);
        // Without the value: it may hold a password.
        if (IsConnectionString(path, out var source))
            throw new ArgumentException($"The text is a connection string. Pass the path of the file alone{(source is null ? "" : $", '{source}'")}, and SqliteOptions for the rest.", parameter);
    }

    private static bool IsUri(string path)
    {
        var text = path.AsSpan().TrimStart();
        if (text.StartsWith("file:", StringComparison.OrdinalIgnoreCase)) return true;
        // A single letter before the colon is a drive of Windows.
        var colon = text.IndexOf("://", StringComparison.Ordinal);
        return colon > 1 && !text[..colon].ContainsAny('/', '\\', ' ');
    }

    private static bool IsConnectionString(string path, out string? source)
    {
        source = null;
        var (isKnown, areAllPairs, pairs) = (false, true, 0);
        foreach (var segment in path.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var equals = segment.IndexOf('=', StringComparison.Ordinal);
            var key = equals < 0 ? "" : segment[..equals].Trim();
            if (key.Length == 0 || key.AsSpan().ContainsAnyExcept(s_keyCharacters))
            {
                areAllPairs = false;
                continue;
            }

            pairs++;
            if (!s_keywords.Contains(key)) continue;
            isKnown = true;
            if (key.StartsWith("Data", StringComparison.OrdinalIgnoreCase) || key.Equals("Filename", StringComparison.OrdinalIgnoreCase)) source ??= segment[(equals + 1)..].Trim().Trim('"', '\'');
        }

        return isKnown || (areAllPairs && pairs > 1 && !path.AsSpan().ContainsAny('/', '\\'));
    }
}
