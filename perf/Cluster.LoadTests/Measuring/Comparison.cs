using Cluster.LoadTests.Candidates;

namespace Cluster.LoadTests.Measuring;

/// <summary>Runs works over candidates in interleaved rounds: A B C, A B C, so that what the machine does meanwhile meets all alike.</summary>
/// <remarks>Used by one thread, which moves between the candidates' namespaces.</remarks>
internal sealed class Comparison(Stage stage, IReadOnlyList<Candidate> candidates, Timing timing, StopSignal stop, Action<string> progress)
{
    private readonly List<Sample> _samples = [];
    private readonly Dictionary<(string Candidate, Transport Transport), string> _absent = [];

    public IReadOnlyList<Sample> Samples => _samples;

    /// <summary>Candidates that could not be measured, each with the reason.</summary>
    public IReadOnlyList<Absence> Absences => [.. _absent.Select(pair => new Absence(pair.Key.Candidate, pair.Key.Transport.ToString().ToUpperInvariant(), pair.Value))];

    public void Run(IReadOnlyList<Work> works)
    {
        foreach (IGrouping<Transport, Work> group in works.Where(work => !work.NeedsFreshProcess).GroupBy(work => work.Transport))
        {
            List<RunningCandidate> running = StartAll(group.Key);
            try
            {
                foreach (Work work in group) Measure(work, running);
            }
            finally
            {
                running.ForEach(candidate => candidate.Dispose());
            }
        }

        foreach (Work work in works.Where(work => work.NeedsFreshProcess)) MeasureFresh(work);
    }

    private List<RunningCandidate> StartAll(Transport transport)
    {
        var running = new List<RunningCandidate>();
        try
        {
            foreach (Candidate candidate in candidates)
            {
                if (TryStart(candidate, transport) is { } started) running.Add(started);
            }

            return running;
        }
        catch
        {
            running.ForEach(candidate => candidate.Dispose());
            throw;
        }
    }

    private RunningCandidate? TryStart(Candidate candidate, Transport transport)
    {
        if (!candidate.Supports(transport) || _absent.ContainsKey((candidate.Name, transport))) return null;
        RunningCandidate? started = null;
        try
        {
            started = candidate.Start(stage, transport);
            started.Place.Enter();
            Probe.Await(started, transport, stop);
            return started;
        }
        catch (NotAvailableException reason)
        {
            started?.Dispose();
            _absent[(candidate.Name, transport)] = reason.Message;
            progress($"{candidate.Name} is not available for {transport.ToString().ToUpperInvariant()}: {reason.Message}");
            return null;
        }
        catch
        {
            started?.Dispose();
            throw;
        }
    }

    private void Measure(Work work, List<RunningCandidate> running)
    {
        progress($"{work.Name}: warming up {string.Join(", ", running.Select(candidate => candidate.Name))}");
        foreach (RunningCandidate candidate in running) MeasureOnce(work, candidate, timing with { Duration = timing.WarmUp });
        for (int round = 1; round <= timing.Rounds; round++)
        {
            foreach (RunningCandidate candidate in running) Add(MeasureOnce(work, candidate, timing) with { Round = round });
            Report(work, round);
        }
    }

    private void MeasureFresh(Work work)
    {
        for (int round = 1; round <= timing.Rounds; round++)
        {
            foreach (Candidate candidate in candidates)
            {
                using RunningCandidate? running = TryStart(candidate, work.Transport);
                // Where the kernel does the work there is no process whose memory could grow.
                if (running?.Process is not null) Add(MeasureOnce(work, running, timing) with { Round = round });
            }

            Report(work, round);
        }
    }

    private Sample MeasureOnce(Work work, RunningCandidate candidate, Timing duration)
    {
        candidate.Place.Enter();
        var meter = new Meter(candidate.Process?.Pid, stage.LoadCore, stage.ProxyCore);
        try
        {
            return work.Measure(candidate, meter, duration, stop);
        }
        catch (IOException failure)
        {
            // Its process is gone, or its port is: this measurement failed and the others go on.
            return new Sample(work.Name, candidate.Name, 0, null, 0, 0, null, 0, 0, 0, 0, null, null, 0, failure.Message);
        }
    }

    private void Add(Sample sample)
    {
        _samples.Add(sample);
        if (sample.Failure is { } reason) progress($"{sample.Work}, {sample.Candidate}: {reason}");
    }

    private void Report(Work work, int round)
    {
        IEnumerable<string> values = _samples.Where(sample => sample.Work == work.Name && sample.Round == round)
            .Select(sample => $"{sample.Candidate} {(sample.Value is { } value ? Reporting.Figures.Short(value) : "-")}");
        progress($"{work.Name} {round}/{timing.Rounds} ({work.Unit}): {string.Join("  ", values)}");
    }
}
