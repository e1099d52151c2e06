using System.Text;
using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>The storage of a case, and what was opened on it.</summary>
internal sealed class ViewsUnderTest(IViewStorageFixture fixture) : IDisposable
{
    internal static readonly ViewBuildId Id = new("orders", 1, 1);
    internal static readonly Guid LogId = new(7, 8, 9, [1, 2, 3, 4, 5, 6, 7, 8]);

    /// <summary>One table with two indexes.</summary>
    internal static readonly ViewTable[] Tables = [new("order-list", ["customer", "total"])];

    private readonly List<IDisposable> _opened = [];

    internal IViewStorage Storage { get; private set; } = fixture.Open();

    /// <summary>True where every build is in the log's file.</summary>
    internal bool IsInLog => fixture.IsInLog;

    /// <summary>Creates the place of <see cref="Id"/>.</summary>
    internal IViewBuild Create(params ViewTable[] tables) => Keep(Storage.Create(Id, LogId, tables.Length == 0 ? Tables : tables));

    /// <summary>Opens the place of <see cref="Id"/>, which exists.</summary>
    internal IViewBuild Open(params ViewTable[] tables) => Keep(Find(tables) ?? throw new ContractViolationException("the build", "found", "not found"));

    internal IViewBuild? Find(params ViewTable[] tables) => Storage.Open(Id, tables.Length == 0 ? Tables : tables);

    internal IViewWriter Writer(IViewBuild build, long token = 1) =>
        Keep(build.OpenWriter(token) ?? throw new ContractViolationException($"the writer with fencing token {token}", "opened", "refused"));

    internal IViewSnapshot Snapshot(IViewBuild build) => Keep(build.OpenSnapshot());

    /// <summary>Storage on the same places, as another process has it.</summary>
    internal IViewStorage OpenAnother() => fixture.Open();

    /// <summary>Closes everything and opens the storage again.</summary>
    internal void Reopen()
    {
        Close();
        Storage = fixture.Open();
    }

    internal T Keep<T>(T opened) where T : IDisposable
    {
        _opened.Add(opened);
        return opened;
    }

    /// <summary>A checkpoint whose token belongs to the position.</summary>
    internal static ViewCheckpoint At(long position, bool isComplete = false) => position == 0
        ? new(GlobalPosition.Start, ResumeToken.Start, isComplete)
        : new(GlobalPosition.FromInt64(position), ResumeToken.Of(GlobalPosition.FromInt64(position), new Guid((int)position, 1, 2, new byte[8]), (uint)position), isComplete);

    /// <summary>Commits what <paramref name="write"/> writes, with the checkpoint at a position.</summary>
    internal static void Commit(IViewWriter writer, long position, Action<IViewWriter>? write = null, bool isComplete = false)
    {
        writer.Begin();
        write?.Invoke(writer);
        Expect.True(writer.Commit(At(position, isComplete)), "the commit");
    }

    internal static void Put(IViewWriter writer, string key, string json, long position = 1, int table = 0, params ReadOnlySpan<ViewValue> values) =>
        writer.Put(table, key, GlobalPosition.FromInt64(position), Encoding.UTF8.GetBytes(json), values.IsEmpty && table == 0 ? [default, default] : values);

    /// <summary>A document as text: key, position and JSON; "nothing" for null.</summary>
    internal static string Text(StoredViewRow? row) => row is { } found ? $"{found.Key}@{found.Position} {Encoding.UTF8.GetString(found.Json.Span)}" : "nothing";

    /// <summary>All documents of a table, as text.</summary>
    internal static string Text(IViewSnapshot snapshot, int table = 0) =>
        string.Join("; ", snapshot.Read(new() { Table = table, Max = 1000 }).Select(row => Text(row)));

    /// <summary>All documents of a table as a new snapshot has them, as text.</summary>
    internal static string Text(IViewBuild build, int table = 0)
    {
        using var snapshot = build.OpenSnapshot();
        return Text(snapshot, table);
    }

    /// <summary>The checkpoint as a new snapshot has it.</summary>
    internal static ViewCheckpoint CheckpointOf(IViewBuild build)
    {
        using var snapshot = build.OpenSnapshot();
        return snapshot.Checkpoint;
    }

    /// <summary>Asserts that a synchronous call throws.</summary>
    internal static TException Throws<TException>(Action call, string what) where TException : Exception
    {
        try
        {
            call();
        }
        catch (TException e)
        {
            return e;
        }
        catch (Exception e)
        {
            throw new ContractViolationException(what, typeof(TException).Name, $"{e.GetType().Name}: {e.Message}");
        }

        throw new ContractViolationException(what, typeof(TException).Name, "no exception");
    }

    public void Dispose() => Close();

    private void Close()
    {
        for (var i = _opened.Count - 1; i >= 0; i--) _opened[i].Dispose();
        _opened.Clear();
    }
}
