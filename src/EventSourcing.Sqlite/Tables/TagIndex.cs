using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Tables;

/// <summary>Positions of events that carry all of some tags, by seeks in the (tag, position) index.</summary>
internal sealed class TagIndex(Database database)
{
    private readonly Statement _forward = database.Prepare(Sql.TagForward);
    private readonly Statement _backward = database.Prepare(Sql.TagBackward);

    /// <summary>The first position from <paramref name="from"/> on in the direction that has every tag; 0 when there is none.</summary>
    /// <remarks>Each tag in turn seeks from the candidate of the tag before, until all tags match. The cost depends on the rarest tag.</remarks>
    internal long Next(ReadOnlySpan<long> tags, long from, ReadDirection direction)
    {
        var candidate = from;
        for (int agreed = 0, i = 0; agreed < tags.Length; i = (i + 1) % tags.Length)
        {
            var found = Seek(tags[i], candidate, direction);
            if (found == 0) return 0;
            agreed = found == candidate ? agreed + 1 : 1;
            candidate = found;
        }

        return candidate;
    }

    private long Seek(long tag, long from, ReadDirection direction) =>
        (direction == ReadDirection.Forward ? _forward : _backward).Bind(1, tag).Bind(2, from).Scalar(0);
}
