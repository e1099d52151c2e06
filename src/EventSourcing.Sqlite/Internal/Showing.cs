using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Internal;

/// <summary>Shows a page's events to a visitor while their bytes lie in SQLite's memory.</summary>
internal sealed class Showing(EventVisitor visit)
{
    [ThreadStatic]
    private static bool t_isVisiting;

    /// <summary>True while a visitor runs on this thread: what it reads itself waits for no reader, since it holds one.</summary>
    internal static bool IsVisiting => t_isVisiting;

    internal LentMemory Data { get; } = new();

    internal LentMemory Metadata { get; } = new();

    /// <summary>False when the visitor wants no more.</summary>
    /// <exception cref="VisitorException">The visitor threw.</exception>
    internal bool Show(in RecordedEvent e)
    {
        var wasVisiting = t_isVisiting;
        t_isVisiting = true;
        try
        {
            return visit(e);
        }
        catch (Exception error)
        {
            throw new VisitorException(error);
        }
        finally
        {
            t_isVisiting = wasVisiting;
            Data.TakeBack();
            Metadata.TakeBack();
        }
    }
}
