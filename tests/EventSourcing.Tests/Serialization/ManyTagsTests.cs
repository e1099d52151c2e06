using System.Diagnostics;
using System.Text.Json;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Serialization;

public sealed class ManyTagsTests
{
    [Test]
    public void Tags_that_a_rule_draws_are_told_apart_in_about_linear_time()
    {
        // Compared each with each, these took minutes.
        var values = Enumerable.Range(0, 200_000).Select(i => $"{i % 199_000}").ToArray();
        var json = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string[]> { ["many"] = values });
        var tags = new List<Tag>();
        var began = Stopwatch.GetTimestamp();
        TagReader.Read("t", [new("n", "many")], json, tags);
        Stopwatch.GetElapsedTime(began).Should().BeLessThan(TimeSpan.FromSeconds(20));
        tags.Should().HaveCount(199_000);
        tags.Take(3).Should().Equal(new Tag("n", "0"), new Tag("n", "1"), new Tag("n", "2"));
    }

    [Test]
    public void Each_tag_is_drawn_once_however_many_there_are([Values(1, 15, 16, 17, 40)] int count)
    {
        string[] values = [.. Enumerable.Range(0, count).Select(i => $"{i}"), .. Enumerable.Range(0, count).Select(i => $"{i}")];
        var tags = new List<Tag>();
        TagReader.Read("t", [new("n", "many")], JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string[]> { ["many"] = values }), tags);
        tags.Select(t => t.Value).Should().Equal(values.Take(count));
    }
}
