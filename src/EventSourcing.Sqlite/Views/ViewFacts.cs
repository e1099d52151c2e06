using System.Globalization;
using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Views;

/// <summary>What a build's file says of itself.</summary>
internal readonly record struct ViewFacts(Guid LogId, ViewCheckpoint Checkpoint, long FencingToken, string? Stall, Guid Origin)
{
    /// <summary>Reads the facts, which begins the snapshot of a transaction.</summary>
    /// <exception cref="StoreCorruptException">They are missing, or are those of another build.</exception>
    internal static ViewFacts Read(Statement statement, ViewBuildId id, string path)
    {
        if (!statement.Step()) throw Corrupt("the table of its facts is empty");
        try
        {
            if (statement.Int64(0) != ViewSchema.Format) throw Corrupt(Invariant($"the format is {statement.Text(0)}, and {ViewSchema.Format} is supported"));
            var found = Invariant($"{statement.Text(2)}.v{statement.Int64(3)}.b{statement.Int64(4)}");
            if (found != id.ToString()) throw Corrupt($"it is the build '{found}'");
            if (!Guid.TryParse(statement.Text(1), out var logId)) throw Corrupt($"'{statement.Text(1)}' is not the id of a log");
            if (statement.Int64(6) < 0 || !ResumeToken.TryParse(statement.Text(7), null, out var token)) throw Corrupt(Invariant($"position {statement.Text(6)} and token '{statement.Text(7)}' are no checkpoint"));
            var checkpoint = new ViewCheckpoint(GlobalPosition.FromInt64(statement.Int64(6)), token, statement.Int64(5) != 0);
            // An origin that is none is reported where the build is opened.
            _ = Guid.TryParse(statement.Text(10), out var origin);
            return new(logId, checkpoint, statement.Int64(8), statement.IsNull(9) ? null : statement.Text(9), origin);
        }
        finally
        {
            statement.Reset();
        }

        StoreCorruptException Corrupt(string what) => new($"The file is not that of the build '{id}': {what}. Rebuild the view.", path);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
