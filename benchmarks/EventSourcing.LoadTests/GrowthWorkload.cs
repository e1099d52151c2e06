namespace EventSourcing.LoadTests;
internal static class GrowthWorkload { public static Task RunAsync(Settings s) => Task.CompletedTask; }
