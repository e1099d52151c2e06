using System.Diagnostics.CodeAnalysis;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite;

/// <summary>Settings of a log in a SQLite file. Validated and copied when the log is opened; changes after that have no effect.</summary>
public sealed class SqliteOptions
{
    private TimeProvider? _time;

    /// <summary>What an acknowledged append survives. Default: <see cref="Durability.Full"/>.</summary>
    public Durability Durability { get; set; } = Durability.Full;

    /// <summary>The maximum sizes of events and appends. Default: those of <see cref="LogLimits"/>.</summary>
    /// <remarks>The file keeps the limit of an event that the last log opened for writing has; an SQL INSERT into <c>events</c> that exceeds it is refused. Events of captured tables have no limit.</remarks>
    public LogLimits Limits { get; set; } = new();

    /// <summary>How long to wait for another process that writes, before <see cref="StoreUnavailableException"/>. Default 15 s; from 0 to 1 hour.</summary>
    /// <remarks>Measured for each call from its start, or from when the lock was found taken, so queued calls do not wait one timeout after the other. Reads never wait for the lock.</remarks>
    public TimeSpan BusyTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>The number of slots in the writer's queue; further appends wait for a slot. Default 8,192; from 1 to 1,048,576.</summary>
    public int QueueCapacity { get; set; } = 8192;

    /// <summary>The number of pages that may be read at the same time; further reads wait. Default: the number of processors, at least 4; from 1 to 256.</summary>
    public int MaxReaders { get; set; } = Math.Max(4, Environment.ProcessorCount);

    /// <summary>The largest number of pages (4 KiB each) in the write-ahead log before the writer copies them into the database file. Default 4,000; from 1 to 1,000,000.</summary>
    /// <remarks>
    /// Fewer keep the <c>-wal</c> file and the next start short; more make appends cheaper on average. At <see cref="Durability.Full"/> a writer of small
    /// commits begins with 1,000 pages and takes more as the log is written to, because a commit that makes the file longer has a slower fsync.
    /// </remarks>
    public int CheckpointPages { get; set; } = 4000;

    /// <summary>Reads through memory mapped to the file: faster, but an I/O error on the file then ends the process. Default: false.</summary>
    public bool MemoryMappedReads { get; set; }

    /// <summary>Opens for reading only; every write is a <see cref="StoreReadOnlyException"/>. The file must exist. Default false.</summary>
    /// <remarks>SQLite needs the <c>-wal</c> and <c>-shm</c> files beside the database, or the right to create them (sqlite.org/wal.html#readonly): a log on read-only media is read from a copy.</remarks>
    public bool ReadOnly { get; set; }

    /// <summary>Refuses a file that does not exist instead of creating it. Default false.</summary>
    public bool MustExist { get; set; }

    /// <summary>Allows a database that has tables already, but no log: the log's tables are added beside them. Default false: refused.</summary>
    public bool AddToExistingDatabase { get; set; }

    /// <summary>The clock of timestamps. Default, and null: the container's <see cref="System.TimeProvider"/> where the log is opened by a container, else the system's.</summary>
    [AllowNull]
    public TimeProvider TimeProvider
    {
        get => _time ?? TimeProvider.System;
        set => _time = value;
    }

    /// <summary>A copy with this clock, unless one was set.</summary>
    internal SqliteOptions On(TimeProvider clock)
    {
        var copy = (SqliteOptions)MemberwiseClone();
        copy._time ??= clock;
        return copy;
    }

    internal SqliteOptions Validated()
    {
        if (!Enum.IsDefined(Durability)) throw new ArgumentOutOfRangeException(nameof(Durability), Durability, "Full or ProcessCrashOnly.");
        if (BusyTimeout < TimeSpan.Zero || BusyTimeout > TimeSpan.FromHours(1))
            throw new ArgumentOutOfRangeException(nameof(BusyTimeout), BusyTimeout, "BusyTimeout is from 0 to 1 hour.");
        if (QueueCapacity is < 1 or > 1 << 20) throw new ArgumentOutOfRangeException(nameof(QueueCapacity), QueueCapacity, "QueueCapacity is from 1 to 1,048,576.");
        if (MaxReaders is < 1 or > 256) throw new ArgumentOutOfRangeException(nameof(MaxReaders), MaxReaders, "MaxReaders is from 1 to 256.");
        if (CheckpointPages is < 1 or > 1_000_000)
            throw new ArgumentOutOfRangeException(nameof(CheckpointPages), CheckpointPages, "CheckpointPages is from 1 to 1,000,000.");
        if (ReadOnly && AddToExistingDatabase)
            throw new StoreConfigurationException("SqliteOptions.ReadOnly and SqliteOptions.AddToExistingDatabase contradict each other: a log that is opened for reading only cannot add its tables. Nothing was changed; set one of them to false.");
        ArgumentNullException.ThrowIfNull(Limits);
        var copy = (SqliteOptions)MemberwiseClone();
        copy.Limits = Limits.Validated();
        return copy;
    }
}
