using System.Net;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using EventSourcing.AspNetCore.Internal;
using EventSourcing.EntityFrameworkCore;
using EventSourcing.Hosting;
using EventSourcing.Sqlite;
using EventSourcing.Testing;
using FluentAssertions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace EventSourcing.AspNetCore.Tests;

/// <summary>Every exception of the library has a status of its own choice, the one of docs/errors.md, and problem details.</summary>
public sealed partial class ProblemTests
{
    private static readonly Type[] s_types =
    [
        .. new[] { typeof(IEventStore), typeof(SqliteEventStore), typeof(EventSourcingHostingExtensions), typeof(DbContextProjectionExtensions), typeof(Specification), typeof(EventSourcingProblemExtensions) }
            .SelectMany(type => type.Assembly.GetTypes()).Where(type => typeof(EventSourcingException).IsAssignableFrom(type) && type != typeof(EventSourcingException)),
    ];

    private static readonly Dictionary<string, int> s_documented =
        Row().Matches(File.ReadAllText(Path.Combine(Root(), "docs", "errors.md"))).ToDictionary(row => row.Groups["name"].Value, row => int.Parse(row.Groups["status"].Value, null));

    public static IEnumerable<EventSourcingException> Samples =>
    [
        new WrongExpectedVersionException([new VersionMismatch("order-1", ExpectedVersion.Exactly(3), 4)]),
        new AppendConditionFailedException(EventQuery.OfTypes("order-created").Resolve(EventTypeMap.Empty), GlobalPosition.FromInt64(3), GlobalPosition.FromInt64(4)),
        new StoreUnavailableException("busy"),
        new StoreFullException("full"),
        new PositionOutOfRangeException(GlobalPosition.FromInt64(9), GlobalPosition.FromInt64(4)),
        new EventTooLargeException("An event is too large.", 3, 2),
    ];

    [TestCaseSource(nameof(s_types))]
    public void Every_exception_is_mapped(Type type) => ProblemKinds.Find(type).Should().NotBeNull();

    [Test]
    public void Each_has_the_status_that_the_page_says()
    {
        s_documented.Keys.Should().BeEquivalentTo(s_types.Select(type => type.Name));
        foreach (var type in s_types) ProblemKinds.Find(type)!.Status.Should().Be(s_documented[type.Name], type.Name);
    }

    [Test]
    public void Each_has_a_type_of_its_own() => s_types.Select(type => ProblemKinds.Find(type)!.TypeUri).Should().OnlyHaveUniqueItems();

    [Test]
    public void What_is_transient_may_be_sent_again()
    {
        foreach (var type in s_types.Where(type => !type.IsAbstract))
            if (((EventSourcingException)RuntimeHelpers.GetUninitializedObject(type)).IsTransient)
                (ProblemKinds.Find(type)!.Status == 503 && ProblemKinds.Find(type)!.Action!.Contains("again", StringComparison.Ordinal)).Should().BeTrue(type.Name);
    }

    [TestCaseSource(nameof(Samples))]
    public async Task The_answer_has_what_was_expected_and_found(EventSourcingException error)
    {
        await using var web = await Web.StartAsync(app => app.MapGet("/", IResult () => throw error), services => services.AddEventSourcingProblemDetails(o => o.IncludeServerErrors = true));
        var (answer, problem) = await Web.ProblemAsync(await web.Client.GetAsync("/"));
        ((int)answer.StatusCode, problem.GetProperty("status").GetInt32()).Should().Be((s_documented[error.GetType().Name], s_documented[error.GetType().Name]));
        problem.GetProperty("type").GetString().Should().StartWith("urn:event-sourcing:");
        problem.GetProperty("title").GetString().Should().NotBeEmpty();
        problem.GetProperty("detail").GetString().Should().Be(error.Message);
        if (error is StoreUnavailableException or StoreFullException) return;
        problem.TryGetProperty("expected", out _).Should().BeTrue();
        problem.TryGetProperty("found", out _).Should().BeTrue();
    }

    [Test]
    public async Task Errors_of_the_server_are_not_shown_but_say_when_to_try_again()
    {
        await using var web = await Web.StartAsync(app => app.MapGet("/", IResult () => throw new StoreUnavailableException("/secret/orders.db is busy")));
        var answer = await web.Client.GetAsync("/");
        answer.Headers.RetryAfter!.Delta.Should().Be(TimeSpan.FromSeconds(1));
        (await answer.Content.ReadAsStringAsync()).Should().NotContain("secret").And.Contain("store-unavailable");
    }

    [Test]
    public async Task A_client_that_accepts_no_json_gets_the_status_and_the_problem()
    {
        await using var web = await Web.StartAsync(app => app.MapGet("/", IResult () => throw new WrongExpectedVersionException([new("a-1", ExpectedVersion.NoStream, 1), new("a-2", ExpectedVersion.Exactly(2), 1)])));
        web.Client.DefaultRequestHeaders.Add("Accept", "text/html");
        var (answer, problem) = await Web.ProblemAsync(await web.Client.GetAsync("/"));
        answer.StatusCode.Should().Be(HttpStatusCode.Conflict);
        problem.GetProperty("mismatches").EnumerateArray().Select(m => m.GetProperty("stream").GetString()).Should().Equal("a-1", "a-2");
    }

    [Test]
    public async Task Other_exceptions_are_not_answered_here()
    {
        await using var web = await Web.StartAsync(app => app.MapGet("/", IResult () => throw new ArgumentException("mistake")));
        var answer = await web.Client.GetAsync("/");
        (answer.StatusCode, (await answer.Content.ReadAsStringAsync()).Contains("urn:event-sourcing", StringComparison.Ordinal)).Should().Be((HttpStatusCode.InternalServerError, false));
    }

    [Test]
    public void Registered_twice_it_is_one_handler()
    {
        var services = new ServiceCollection().AddEventSourcingProblemDetails().AddEventSourcingProblemDetails();
        services.Count(s => s.ServiceType == typeof(Microsoft.AspNetCore.Diagnostics.IExceptionHandler)).Should().Be(1);
        services.Invoking(s => s.AddEventSourcingProblemDetails(async o => { await Task.Yield(); o.IncludeServerErrors = true; })).Should().Throw<ArgumentException>();
    }

    private static string Root([CallerFilePath] string file = "")
    {
        for (var folder = new DirectoryInfo(File.Exists(file) ? Path.GetDirectoryName(file)! : AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "EventSourcing.sln"))) return folder.FullName;
        throw new DirectoryNotFoundException("EventSourcing.sln was not found above the tests.");
    }

    [GeneratedRegex(@"^\| `(?<name>\w+)` \|.*\| (?<status>\d{3})[^|]*\|\r?$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
