using System.Security.Cryptography;

namespace EventSourcing.Storage;

/// <summary>Draws the marks of events: random numbers of 32 bits, never 0, that tell two histories of a log apart. For one thread at a time.</summary>
/// <remarks>SplitMix64 from a random seed: two sources, in two processes or after a restore, give different sequences.</remarks>
internal struct MarkSource
{
    private ulong _state;

    internal static MarkSource Create() => new() { _state = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) };

    /// <summary>A source that gives the same marks in every run.</summary>
    internal static MarkSource From(ulong seed) => new() { _state = seed };

    internal uint Next()
    {
        while (true)
        {
            var mixed = _state += 0x9E3779B97F4A7C15;
            mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
            if ((uint)(mixed >> 32) is not 0 and var mark) return mark;
        }
    }
}
