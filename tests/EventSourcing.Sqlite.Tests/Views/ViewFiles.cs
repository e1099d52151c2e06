using System.Text;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Tests.Views;

/// <summary>A log's file with a folder of views beside it.</summary>
internal sealed class ViewFiles : IDisposable
{
    internal static readonly ViewTable[] Orders = [new("order-list", ["customer", "total"])];
    internal static readonly ViewBuildId First = new("order-list", 2, 1);

    private readonly TemporaryFile _file = new();

    internal ViewFiles(Action<string>? prepare = null)
    {
        SqliteEventLog.Open(_file.Path).DisposeAsync().AsTask().GetAwaiter().GetResult();
        prepare?.Invoke(_file.Path);
        Log = SqliteEventLog.Open(_file.Path);
    }

    internal SqliteEventLog Log { get; private set; }

    internal Guid LogId { get; } = Guid.NewGuid();

    internal IViewStorage Storage => ((IEventLog)Log).Find<IViewStorage>()!;

    internal string LogPath => _file.Path;

    internal string Folder => _file.Path + ".views";

    internal string Path => Storage.PathOf(First)!;

    internal IViewBuild Create() => Storage.Create(First, LogId, Orders);

    internal IViewBuild Open() => Storage.Open(First, Orders)!;

    /// <summary>A build with documents that was closed.</summary>
    internal void CreateWith(int documents, bool isComplete = true)
    {
        using var build = Create();
        Write(build, documents, isComplete);
    }

    internal static void Write(IViewBuild build, int documents, bool isComplete = true)
    {
        using var writer = build.OpenWriter(1)!;
        writer.Begin();
        for (var i = 0; i < documents; i++) Put(writer, $"order-{i}", i + 1, i % 10, i);
        if (!writer.Commit(At(documents, isComplete))) throw new InvalidOperationException("The writer is fenced.");
    }

    internal static void Put(IViewWriter writer, string key, long position, ViewValue customer, ViewValue total) =>
        writer.Put(0, key, GlobalPosition.FromInt64(position), Json(key), [customer, total]);

    internal static byte[] Json(string key) => Encoding.UTF8.GetBytes($$"""{"key":"{{key}}","note":"{{new string('n', 300)}}"}""");

    internal static ViewCheckpoint At(long position, bool isComplete = true) =>
        new(GlobalPosition.FromInt64(position), position == 0 ? ResumeToken.Start : ResumeToken.Of(GlobalPosition.FromInt64(position), Guid.CreateVersion7(), 7), isComplete);

    internal void Reopen()
    {
        Log.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Log = SqliteEventLog.Open(_file.Path);
    }

    public void Dispose()
    {
        Log.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _file.Dispose();
    }
}
