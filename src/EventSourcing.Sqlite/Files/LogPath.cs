using System.Buffers;

namespace EventSourcing.Sqlite.Files;

/// <summary>Makes the full path of a log's file from what a caller passed, and refuses what is no path (a connection string, a URI, the name of a database in memory): SQLite would create a file of that name.</summary>
internal static class LogPath
{
    // Of Microsoft.Data.Sqlite, System.Data.SQLite and the common servers.
    private static readonly HashSet<string> s_keywords = new(StringComparer.OrdinalIgnoreCase)
    {
        "Data Source", "DataSource", "Filename", "FullUri", "Uri", "Mode", "Cache", "Password", "Pwd", "Foreign Keys", "Recursive Triggers", "Default Timeout", "Command Timeout", "Connection Timeout",
        "Pooling", "Vfs", "Version", "Journal Mode", "Read Only", "Synchronous", "Server", "Host", "Database", "Initial Catalog", "User Id", "Uid", "Username", "Provider",
    };

    private static readonly SearchValues<char> s_keyCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ \t");

    /// <summary>The file behind a path: full, links resolved, so that one file has one name and one write-ahead log.</summary>
    /// <exception cref="ArgumentException">The text is no path.</exception>
    /// <exception cref="StoreConfigurationException">No log can be kept there.</exception>
    internal static string Resolve(string path, bool mustExist)
    {
        ThrowIfNoPath(path, nameof(path));
        var target = FollowLinks(path);
        if (Directory.Exists(target)) throw new StoreConfigurationException($"'{target}' is a directory. Nothing was changed; pass the path of the log's file.");
        if (mustExist && !File.Exists(target))
            throw new StoreConfigurationException($"'{target}' does not exist. Nothing was changed; correct the path, or open it without ReadOnly and MustExist to create it.");
        if (!Directory.Exists(Path.GetDirectoryName(target)))
            throw new StoreConfigurationException($"The directory of '{target}' does not exist. Nothing was changed; create the directory, or correct the path: Open creates the file only.");
        NetworkFileSystem.Refuse(target);
        StoreFile.RefuseBeforeOpening(target);
        return target;
    }

    /// <summary>The full path that the system takes for a path, whether there is a file or not.</summary>
    internal static string FollowLinks(string path) => OperatingSystem.IsWindows() ? ResolveOnWindows(path) : UnixPath.Resolve(path);

    // Windows takes `..` as text by itself; of links it is the file's own that is followed.
    private static string ResolveOnWindows(string path)
    {
        try
        {
            var file = new FileInfo(path);
            return file.LinkTarget is null ? file.FullName : file.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
        }
        catch (PathTooLongException e)
        {
            throw new ArgumentException($"'{path}' is too long.", nameof(path), e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreConfigurationException($"'{path}' cannot be opened: {e.Message} Nothing was changed.", e);
        }
    }

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
