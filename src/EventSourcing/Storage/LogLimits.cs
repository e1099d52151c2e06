namespace EventSourcing.Storage;

/// <summary>How large events and appends may be. Checked before anything is written.</summary>
public sealed class LogLimits
{
    /// <summary>The most bytes of one event: data, metadata and tags. Default 1 MiB; from 1 to 256 MiB.</summary>
    public int MaxEventBytes { get; init; } = 1 << 20;

    /// <summary>The most bytes of all events of one append. Default 16 MiB; from 1 to 256 MiB.</summary>
    public int MaxAppendBytes { get; init; } = 16 << 20;

    /// <summary>Refuses limits out of range. Every log calls it when it is opened.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A limit is out of range.</exception>
    public LogLimits Validated()
    {
        foreach (var (name, value) in new[] { (nameof(MaxEventBytes), MaxEventBytes), (nameof(MaxAppendBytes), MaxAppendBytes) })
            if (value is < 1 or > 256 << 20)
                throw new ArgumentOutOfRangeException(name, value, $"{name} is from 1 to {256 << 20} bytes.");
        return this;
    }
}
