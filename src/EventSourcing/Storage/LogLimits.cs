namespace EventSourcing.Storage;

/// <summary>The maximum sizes of events and appends. Checked before anything is written.</summary>
public sealed class LogLimits
{
    /// <summary>The maximum size of one event in bytes: data, metadata and tags. Default 1 MiB; from 1 byte to 256 MiB.</summary>
    public int MaxEventBytes { get; set; } = 1 << 20;

    /// <summary>The maximum size of all events of one append in bytes. Default 16 MiB; from 1 byte to 256 MiB.</summary>
    public int MaxAppendBytes { get; set; } = 16 << 20;

    /// <summary>Validates the limits. Every log calls it when it is opened.</summary>
    /// <returns>A copy: later changes of these limits do not change the log.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A limit is out of range.</exception>
    public LogLimits Validated()
    {
        foreach (var (name, value) in new[] { (nameof(MaxEventBytes), MaxEventBytes), (nameof(MaxAppendBytes), MaxAppendBytes) })
            if (value is < 1 or > 256 << 20)
                throw new ArgumentOutOfRangeException(name, value, $"{name} must be from 1 to {256 << 20} bytes.");
        return (LogLimits)MemberwiseClone();
    }
}
