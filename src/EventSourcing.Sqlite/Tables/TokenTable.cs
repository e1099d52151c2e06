using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Tables;

/// <summary>The tokens of stored events, by position.</summary>
internal sealed class TokenTable(Database database)
{
    private Statement? _stored, _erased;

    /// <summary>The token of the event at a position: one look-up, for an erased event two.</summary>
    /// <param name="position">From 1 to the head.</param>
    /// <exception cref="StoreCorruptException">Neither an event nor what is kept of an erased one is there.</exception>
    internal ResumeToken At(long position) =>
        Find(_stored ??= database.Prepare(Sql.MarkAt), position)
        ?? Find(_erased ??= database.Prepare(Sql.ErasedMarkAt), position)
        ?? throw new StoreCorruptException("the event is missing", $"position {position}");

    /// <summary>Refuses a token that is not of the history that the file holds. In a snapshot or transaction.</summary>
    internal void Compare(in ResumeToken token, long head)
    {
        var last = GlobalPosition.FromInt64(head);
        if (TokenComparison.IsNeeded(token, last)) TokenComparison.ThrowIfOther(token, At(token.Position.ToInt64()), last);
    }

    private static ResumeToken? Find(Statement statement, long position)
    {
        if (!statement.Bind(1, position).Step()) return null;
        try
        {
            var id = statement.Bytes(0);
            // NULL, of an event stored before logs drew marks, reads as 0.
            return id.Length == 16 ? ResumeToken.Of(GlobalPosition.FromInt64(position), new Guid(id, bigEndian: true), (uint)statement.Int64(1)) : null;
        }
        finally
        {
            statement.Reset();
        }
    }
}
