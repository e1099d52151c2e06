using System.Text;
using Microsoft.Data.Sqlite;

namespace EventSourcing.RigAdapter;

/// <summary>The way back to the rig. Each reply is one write, flushed at once: with it the library has told its caller.</summary>
internal sealed class Replies(Stream output)
{
    private readonly Lock _gate = new();

    internal void Write(string lines)
    {
        var bytes = Encoding.UTF8.GetBytes(lines + "\n");
        lock (_gate)
        {
            output.Write(bytes);
            output.Flush();
        }
    }

    internal void Ok(string id) => Write($"{id} ok");

    internal void Error(string id, Exception error) =>
        Write($"{id} error {KindOf(error)} {error.GetType().Name}: {error.Message.ReplaceLineEndings(" ")}");

    // The cause in the protocol's words.
    private static string KindOf(Exception error) => error switch
    {
        StoreFullException => "full",
        StoreReadOnlyException => "readonly",
        StoreCorruptException or StoreSchemaException => "corrupt",
        AppendOutcomeUnknownException => "io",
        StoreUnavailableException { InnerException: SqliteException inner } => inner.SqliteErrorCode switch
        {
            5 or 6 => "busy",
            14 => "cantopen",
            _ => "io",
        },
        StoreUnavailableException or StoreConfigurationException => "cantopen",
        DuplicateEventException => "constraint",
        OperationCanceledException => "cancelled",
        ObjectDisposedException => "closed",
        _ => "other",
    };
}
