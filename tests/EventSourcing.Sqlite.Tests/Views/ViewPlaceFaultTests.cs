using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Views;

/// <summary>Places that are missing, taken or small, seen from the views.</summary>
public sealed class ViewPlaceFaultTests
{
    private TemporaryFile _file = null!;
    private EventStore _store = null!;

    [SetUp]
    public void SetUp() => _store = SqliteEventStore.Open((_file = new()).Path, ViewShop.Types);

    [TearDown]
    public async Task TearDown()
    {
        await _store.DisposeAsync();
        _file.Dispose();
    }

    [Test]
    public async Task File_in_the_place_of_the_folder_is_an_error_that_names_it()
    {
        await File.WriteAllTextAsync(_file.Path + ".views", "");
        await using var views = new EventViews(_store, [new ItemCounts()]);
        await AddAsync();
        var act = () => views.CatchUpAsync(new CancellationTokenSource(5_000).Token);
        var error = (await act.Should().ThrowAsync<Exception>()).Which;
        ($"{error}" + $"{(await views.GetStatusAsync()).Single().LastError}").Should().Contain(_file.Path + ".views");
    }

    [Test, CancelAfter(60_000)]
    public async Task View_whose_file_was_deleted_while_nothing_ran_is_built_again(CancellationToken cancellationToken)
    {
        await AddAsync();
        await using (var views = new EventViews(_store, [new ItemCounts()])) await views.CatchUpAsync(cancellationToken);
        Directory.Delete(_file.Path + ".views", recursive: true);
        await AddAsync();
        await using var next = new EventViews(_store, [new ItemCounts()]);
        await next.CatchUpAsync(cancellationToken);
        (await next.View<Counted>().FindAsync("a", cancellationToken))!.Count.Should().Be(2);
    }

    [Test, CancelAfter(60_000)]
    public async Task Set_with_the_longest_name_has_a_file(CancellationToken cancellationToken)
    {
        var set = new ViewSet(new string('s', 100), int.MaxValue, [new ItemCounts()]);
        await using var views = new EventViews(_store, [set]);
        await AddAsync();
        await views.CatchUpAsync(cancellationToken);
        (await views.VerifyAsync(set.Name, null, cancellationToken)).IsEqual.Should().BeTrue();
    }

    private ValueTask<AppendResult> AddAsync() => _store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 1)]);
}
