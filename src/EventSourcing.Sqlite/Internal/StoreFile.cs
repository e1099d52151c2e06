namespace EventSourcing.Sqlite.Internal;

/// <summary>The file that was opened, to tell it from another that takes its name later.</summary>
internal sealed class StoreFile
{
    private readonly TimeProvider _time;
    private long _checked;

    /// <summary>Remembers the file that a connection has open.</summary>
    internal StoreFile(string path, TimeProvider time)
    {
        (Path, _time, Identity) = (path, time, FileIdentity.Of(path));
        _checked = time.GetTimestamp();
    }

    internal string Path { get; }

    /// <summary>What the system knows the file by; null where it does not say.</summary>
    internal FileIdentity? Identity { get; }

    /// <summary>Asks again, unless that was done within the last second: no append and no read pays for it.</summary>
    /// <exception cref="StoreUnavailableException">The path leads to another file now, or to none.</exception>
    internal void ThrowIfReplacedLately()
    {
        if (_time.GetTimestamp() - _checked >= _time.TimestampFrequency) ThrowIfReplaced();
    }

    /// <summary>Asks now.</summary>
    /// <exception cref="StoreUnavailableException">The path leads to another file now, or to none.</exception>
    internal void ThrowIfReplaced()
    {
        if (Identity is { } opened && FileIdentity.Of(Path) is { } found && found != opened)
        {
            throw new StoreUnavailableException(found == default
                ? $"'{Path}' was removed or renamed while it was open. Nothing was written; close the log, and open it where the file is now."
                : $"'{Path}' was replaced by another file while it was open. Nothing was written; close the log and open it again.");
        }

        _checked = _time.GetTimestamp();
    }
}
