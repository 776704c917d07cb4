using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Measuring;

namespace Cluster.LoadTests.Reporting;

/// <summary>All that a run found out.</summary>
/// <param name="Layout">Which core does what, in words.</param>
/// <param name="Versions">Candidate -> version.</param>
/// <param name="Titles">Candidate -> title.</param>
internal sealed record Report(
    MachineFacts Machine,
    string Layout,
    int Rounds,
    double SecondsPerMeasurement,
    IReadOnlyDictionary<string, string> Versions,
    IReadOnlyDictionary<string, string> Titles,
    IReadOnlyList<Absence> NotAvailable,
    IReadOnlyList<Summary> Summaries,
    IReadOnlyList<Sample> Samples);
