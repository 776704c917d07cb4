using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Start;

/// <summary>How soon programs serve a load balancer file, and what they hold then: <c>./cluster bench start</c>.</summary>
internal sealed class StartCheck(IReadOnlyList<StartCandidate> candidates, int rounds)
{
    private static readonly (int Services, int Backends)[] Sizes = [(100, 3), (10_000, 10)];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(1);

    private readonly string _file = Path.Combine(Path.GetTempPath(), $"cluster-start-{Environment.ProcessId}.yaml");

    /// <exception cref="InvalidOperationException">A program ended or did not answer; the message holds what it said.</exception>
    public IReadOnlyList<StartResult> Run()
    {
        try
        {
            return [.. Sizes.SelectMany(size => Run(size.Services, size.Backends))];
        }
        finally
        {
            File.Delete(_file);
        }
    }

    private IEnumerable<StartResult> Run(int services, int backends)
    {
        using var first = new NamedBackend('a');
        using var second = new NamedBackend('b');
        string text = Text(services, backends, first.Address), changed = Text(services, backends, second.Address);
        var samples = candidates.ToDictionary(candidate => candidate, _ => new List<StartSample>());
        for (int round = 0; round < rounds; round++)
        {
            foreach (StartCandidate candidate in candidates)
            {
                File.WriteAllText(_file, text);
                samples[candidate].Add(Measure(candidate, changed));
            }
        }

        return [.. samples.Select(pair => new StartResult(pair.Key.Name, services, backends, Encoding.UTF8.GetByteCount(text) / 1e6, pair.Value))];
    }

    private StartSample Measure(StartCandidate candidate, string changed)
    {
        long began = Stopwatch.GetTimestamp();
        using var process = new LoggedProgram(listens: false, candidate.Command[0], [.. candidate.Command.Skip(1), "--config", _file]);
        double reply = Until('a', Place(0), process, began);
        // Not before it answers: reading what it says would take from the core it starts on.
        process.Listen();
        new ManualResetEventSlim().Wait(Settle);
        ProcessUse use = ProcessUse.Of(process.Pid);
        long wrote = Stopwatch.GetTimestamp();
        File.WriteAllText(_file + ".new", changed);
        // As editors and ConfigMaps do: a file that is written where it is might be half of what it is to be, and is waited for.
        File.Move(_file + ".new", _file, overwrite: true);
        return new StartSample(reply, use.TotalResidentBytes / 1048576.0, use.CpuSeconds * 1000, Until('b', Place(0), process, wrote));
    }

    /// <summary>Milliseconds until a backend answers at a place.</summary>
    /// <exception cref="InvalidOperationException">The program ended, or nobody answers.</exception>
    public static double Until(char name, IPEndPoint place, LoggedProgram process, long since)
    {
        using var pause = new ManualResetEventSlim();
        while (Stopwatch.GetElapsedTime(since) < Patience)
        {
            if (NamedBackend.Ask(place) == name) return Stopwatch.GetElapsedTime(since).TotalMilliseconds;
            if (process.HasExited) throw new InvalidOperationException($"the program ended: {process.Output}");
            pause.Wait(1);
        }

        throw new InvalidOperationException($"no answer within {Patience}: {process.Output}");
    }

    private static string Text(int services, int backends, IPEndPoint first)
    {
        var text = new StringBuilder("services:\n");
        for (int i = 0; i < services; i++)
        {
            // The first service is asked; the others have backends that nobody asks.
            string[] list = [.. Enumerable.Range(0, backends).Select(number => i == 0 ? $"127.0.0.1:{first.Port}" : $"10.{number}.{i >> 8}.{i & 255}:80").Distinct()];
            text.Append(CultureInfo.InvariantCulture, $"  - name: service-{i}\n    listen: {Place(i)}\n    backends: [{string.Join(", ", list)}]\n");
        }

        return text.ToString();
    }

    private static IPEndPoint Place(int service) => new(new IPAddress([127, 99, (byte)(service >> 8), (byte)service]), 18_080);
}
