namespace EventSourcing.LoadTests.Soak;

/// <summary>Positions that were seen, a bit for each; its memory is taken at once, so that it does not show as growth. Thread-safe.</summary>
internal sealed class PositionSet
{
    private const int MostPositions = 1 << 25;

    private readonly int[] _bits = new int[MostPositions / 32];

    public void Add(long position) => Interlocked.Or(ref _bits[position / 32], 1 << (int)(position % 32));

    /// <summary>The first position, from 1, that was not seen; null when all were, up to the head.</summary>
    public long? FirstMissing(long head)
    {
        for (var position = 1L; position <= head; position++)
            if ((_bits[position / 32] & (1 << (int)(position % 32))) == 0) return position;
        return null;
    }
}
