namespace Cluster.LoadTests.Start;

/// <summary>One start.</summary>
/// <param name="FirstReplyMs">From the start of the process to the first answer through it.</param>
/// <param name="ResidentMb">All that is resident a second later, mapped files too.</param>
/// <param name="CpuMs">What it had used by then, in hundredths of a second.</param>
/// <param name="ChangeMs">From writing a changed file to the first answer by the new backend; the file is looked at twice a second.</param>
/// <param name="AfterListMs">With an API server: from the moment the program has its lists, by its own log, to the first answer. 0 with a file.</param>
internal sealed record StartSample(double FirstReplyMs, double ResidentMb, double CpuMs, double ChangeMs, double AfterListMs = 0);
