using System.CommandLine;
using System.Globalization;
using Cluster.Proxy.CommandLine;

namespace Cluster.Proxy.Top;

/// <summary><c>top</c>: a live view of a proxy from its metrics: services, backends, rates, connections, failures.</summary>
public static class TopCommand
{
    private static readonly TimeSpan KeyPeriod = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var metrics = new Option<string>("--metrics") { Description = "where the proxy serves /metrics", HelpName = "IP:PORT", DefaultValueFactory = _ => "127.0.0.1:10249" };
        var interval = new Option<double>("--interval") { Description = "seconds between two looks", DefaultValueFactory = _ => 1 };
        var once = new Option<bool>("--once") { Description = "print the table once, after one interval, and end" };
        var command = new Command("top", "Show live what a proxy does: services, backends, rates, connections, failures. q quits.") { metrics, interval, once };
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetValue(metrics)!, Period(parsed.GetValue(interval)), parsed.GetValue(once), cancellationToken));
        return command;
    }

    private static TimeSpan Period(double seconds) =>
        seconds is >= 0.1 and <= 3600 ? TimeSpan.FromSeconds(seconds) : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"--interval {seconds}: 0.1 to 3600 seconds are meant"));

    private static Uri Source(string place) =>
        Uri.TryCreate(place.Contains("://", StringComparison.Ordinal) ? place : $"http://{place}", UriKind.Absolute, out var source) && source.Scheme is "http" or "https"
            ? source!
            : throw new UsageException($"--metrics {place}: IP:PORT is meant");

    private static async Task<int> RunAsync(string place, TimeSpan period, bool once, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { Timeout = AnswerLimit, MaxResponseContentBufferSize = 256 << 20 };
        var source = Source(place);
        if (once || Console.IsOutputRedirected) return await PrintAsync(http, source, period, cancellationToken);
        // Before the screen changes: a proxy that is not there is said on the one the user looks at.
        var first = await AskAsync(http, source, cancellationToken);
        using var screen = new TopScreen();
        await FollowAsync(http, source, period, screen, first, cancellationToken);
        return 0;
    }

    private static async Task<int> PrintAsync(HttpClient http, Uri source, TimeSpan period, CancellationToken cancellationToken)
    {
        var before = await AskAsync(http, source, cancellationToken);
        await Task.Delay(period, cancellationToken);
        var now = await AskAsync(http, source, cancellationToken);
        var width = Console.IsOutputRedirected ? 120 : TopScreen.Size().Width;
        foreach (var line in TopView.Header(source.Authority, now, before, width).Concat(TopView.Rows(now, before, width))) await Console.Out.WriteLineAsync(line);
        return 0;
    }

    private static async Task FollowAsync(HttpClient http, Uri source, TimeSpan period, TopScreen screen, TopSnapshot first, CancellationToken cancellationToken)
    {
        TopSnapshot? before = null;
        var (now, trouble) = (first, "");
        while (true)
        {
            if (!await WatchKeysAsync(period, screen, () => Paint(screen, source, now, before, trouble), cancellationToken)) return;
            try
            {
                (before, now, trouble) = (now, await AskAsync(http, source, cancellationToken), "");
            }
            catch (UsageException failure)
            {
                // It may come back: what was known stays in view, with why it is old.
                trouble = failure.Message;
            }
        }
    }

    private static void Paint(TopScreen screen, Uri source, TopSnapshot now, TopSnapshot? before, string trouble)
    {
        var width = TopScreen.Size().Width;
        screen.Paint(TopView.Header(source.Authority, now, before, width), TopView.Rows(now, before, width), trouble.Length > 0 ? trouble : "q quit   arrows and pages scroll");
    }

    // Painted again when a key moves the list or the terminal has another size. False: quit.
    private static async Task<bool> WatchKeysAsync(TimeSpan period, TopScreen screen, Action paint, CancellationToken cancellationToken)
    {
        var until = TimeProvider.System.GetTimestamp();
        var size = TopScreen.Size();
        paint();
        while (TimeProvider.System.GetElapsedTime(until) < period)
        {
            await Task.Delay(KeyPeriod, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancellationToken.IsCancellationRequested) return false;
            var moved = false;
            while (!Console.IsInputRedirected && Console.KeyAvailable)
            {
                var key = Console.ReadKey(intercept: true);
                if (key.Key is ConsoleKey.Q or ConsoleKey.Escape) return false;
                var lines = Lines(key.Key);
                screen.Scroll(lines);
                moved |= lines != 0;
            }

            if (!moved && TopScreen.Size() == size) continue;
            size = TopScreen.Size();
            paint();
        }

        return true;
    }

    private static int Lines(ConsoleKey key) => key switch
    {
        ConsoleKey.DownArrow or ConsoleKey.J => 1,
        ConsoleKey.UpArrow or ConsoleKey.K => -1,
        ConsoleKey.PageDown or ConsoleKey.Spacebar => TopScreen.Size().Height - 6,
        ConsoleKey.PageUp => 6 - TopScreen.Size().Height,
        ConsoleKey.Home => -1_000_000,
        ConsoleKey.End => 1_000_000,
        _ => 0,
    };

    private static async Task<TopSnapshot> AskAsync(HttpClient http, Uri source, CancellationToken cancellationToken)
    {
        try
        {
            var metrics = await http.GetStringAsync(new Uri(source, "/metrics"), cancellationToken);
            var paths = await http.GetStringAsync(new Uri(source, "/paths"), cancellationToken);
            return new TopSnapshot(metrics, paths, TimeProvider.System.GetUtcNow());
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested && failure is HttpRequestException or TaskCanceledException)
        {
            throw new UsageException($"{source.Authority} does not answer: {failure.Message}; say by --metrics where the proxy serves its metrics (a load balancer file: metrics: IP:PORT)");
        }
    }
}
