using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Faults;

[Platform("Linux", Reason = "Elsewhere a file that is open cannot be replaced, or the system does not say.")]
[Parallelizable(ParallelScope.All)]
public class ReplacedFileTests
{
    private static readonly TimeSpan s_untilAsked = TimeSpan.FromSeconds(1);

    [Test]
    public async Task An_append_to_a_replaced_file_fails_and_writes_to_neither()
    {
        using var files = new Files();
        await using var log = await files.OpenAsync();
        await files.ReplaceAsync();

        files.Time.Advance(s_untilAsked);
        await log.Invoking(l => AppendAsync(l).AsTask()).Should().ThrowAsync<StoreConfigurationException>().WithMessage("*replaced by another file*");

        (await CountAsync(files.Path)).Should().Be(3);
        (await CountAsync(files.Moved)).Should().Be(1);
    }

    [Test]
    public async Task A_queued_append_to_a_replaced_file_fails()
    {
        using var files = new Files();
        await using var log = await files.OpenAsync();
        await files.ReplaceAsync();

        files.Time.Advance(s_untilAsked);
        await log.Invoking(l => l.WriteAsync(new() { Changes = [RecordChange.Put(RecordKind.View, "key", "value"u8.ToArray())] }, default).AsTask())
            .Should().ThrowAsync<StoreConfigurationException>().WithMessage("*replaced by another file*");
    }

    [Test]
    public async Task A_reader_that_opens_never_reads_the_file_that_took_the_name()
    {
        using var files = new Files();
        await using var log = await files.OpenAsync();
        await files.ReplaceAsync();

        await log.Invoking(l => l.ReadAsync(new AllRead(), default).AsTask()).Should().ThrowAsync<StoreConfigurationException>().WithMessage("*replaced by another file*");
    }

    [Test]
    public async Task A_reader_that_is_open_notices_within_a_second()
    {
        using var files = new Files();
        await using var log = await files.OpenAsync();
        (await log.ReadAsync(new AllRead(), default)).Dispose();
        await files.ReplaceAsync();

        files.Time.Advance(s_untilAsked);
        await log.Invoking(l => l.ReadAsync(new AllRead(), default).AsTask()).Should().ThrowAsync<StoreConfigurationException>().WithMessage("*replaced by another file*");
    }

    [Test]
    public async Task A_removed_file_is_not_created_again()
    {
        using var files = new Files();
        await using var log = await files.OpenAsync();
        files.Move();

        files.Time.Advance(s_untilAsked);
        await log.Invoking(l => AppendAsync(l).AsTask()).Should().ThrowAsync<StoreConfigurationException>().WithMessage("*removed or renamed*");

        File.Exists(files.Path).Should().BeFalse();
    }

    [Test]
    public async Task The_log_works_again_when_its_file_is_back()
    {
        using var files = new Files();
        await using var log = await files.OpenAsync();
        files.Move();
        files.Time.Advance(s_untilAsked);
        await log.Invoking(l => AppendAsync(l).AsTask()).Should().ThrowAsync<StoreConfigurationException>();

        files.MoveBack();

        (await AppendAsync(log)).FirstPosition.Should().Be(GlobalPosition.FromInt64(2));
    }

    private static ValueTask<AppendResult> AppendAsync(SqliteEventLog log) =>
        log.AppendAsync(new() { Writes = new[] { new StreamWrite(new("s"), ExpectedVersion.Any, new LogEvent[] { new() { Type = "t" } }) } }, default);

    private static async Task<int> CountAsync(string path)
    {
        await using var log = SqliteEventLog.Open(path, new() { MustExist = true });
        using var page = await log.ReadAsync(new AllRead(), default);
        return page.Events.Length;
    }

    /// <summary>A log's file, and the name under which it goes on when it is moved away.</summary>
    private sealed class Files : IDisposable
    {
        private static readonly string[] s_parts = ["", "-wal", "-shm"];
        private readonly TemporaryFile _file = new();

        internal FakeTimeProvider Time { get; } = new();

        internal string Path => _file.Path;

        internal string Moved => System.IO.Path.Combine(_file.Folder, "moved.db");

        internal async Task<SqliteEventLog> OpenAsync()
        {
            var log = SqliteEventLog.Open(Path, new() { TimeProvider = Time });
            await AppendAsync(log);
            return log;
        }

        internal void Move() => Rename(Path, Moved);

        internal void MoveBack() => Rename(Moved, Path);

        internal async Task ReplaceAsync()
        {
            Move();
            await using var other = SqliteEventLog.Open(Path);
            for (var i = 0; i < 3; i++) await AppendAsync(other);
        }

        public void Dispose() => _file.Dispose();

        private static void Rename(string from, string to)
        {
            foreach (var part in s_parts)
                if (File.Exists(from + part)) File.Move(from + part, to + part);
        }
    }
}
