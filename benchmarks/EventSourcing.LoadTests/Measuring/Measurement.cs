using System.Diagnostics;
using System.Globalization;

namespace EventSourcing.LoadTests.Measuring;

/// <summary>What one run of one variant showed.</summary>
internal sealed record Measurement
{
    /// <summary>Operations per second.</summary>
    public required double Rate { get; init; }

    /// <summary>Bytes allocated per operation by this process; null for another process.</summary>
    public double? Allocated { get; init; }

    /// <summary>Bytes given to write calls per operation: write-ahead log and checkpoints inside the timed part. Free of noise.</summary>
    public double? Written { get; init; }

    /// <summary>Microseconds of processor time per operation, of the whole process: kernel, collector and compiler included; null for another process.</summary>
    public double? Processor { get; init; }

    /// <summary>How long single calls took; null where they were not timed.</summary>
    public Percentiles? Latency { get; init; }

    public static Measurement Of(long operations, Action work)
    {
        var meter = new Meter();
        work();
        return meter.Stop(operations);
    }

    public static async Task<Measurement> OfAsync(long operations, Func<Task> work)
    {
        var meter = new Meter();
        await work();
        return meter.Stop(operations);
    }
}

/// <summary>Time, processor time, allocations and bytes written since it was made.</summary>
internal sealed class Meter
{
    private readonly long _written = BytesWritten();
    private readonly long _allocated = GC.GetTotalAllocatedBytes(precise: true);
    private readonly TimeSpan _processor = Environment.CpuUsage.TotalTime;
    private readonly long _start = Stopwatch.GetTimestamp();

    public Measurement Stop(long operations)
    {
        var seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds;
        var processor = Environment.CpuUsage.TotalTime - _processor;
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - _allocated;
        return new()
        {
            Rate = operations / seconds,
            Allocated = (double)allocated / operations,
            Written = (double)(BytesWritten() - _written) / operations,
            Processor = processor.TotalMicroseconds / operations,
        };
    }

    private static long BytesWritten() =>
        long.Parse(File.ReadLines("/proc/self/io").First(line => line.StartsWith("wchar", StringComparison.Ordinal)).AsSpan("wchar:".Length), NumberStyles.Any, CultureInfo.InvariantCulture);
}
