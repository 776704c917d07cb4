using Cluster.Api;
using Cluster.Api.BatchV1;
using Cluster.Client;
using Cluster.Controllers.Jobs;

namespace Cluster.Controllers.CronJobs;

/// <summary>Keeps a CronJob's list of running jobs and the time of its last success.</summary>
internal sealed class ActiveJobs(IApiClient client, EventRecorder events)
{
    /// <summary>Brings the status up to the jobs.</summary>
    /// <returns>The CronJob to go on with: the given one, or a newer one where the given one was behind.</returns>
    public async Task<CronJob> FollowAsync(CronJob cron, IReadOnlyCollection<Job> jobs, CancellationToken cancellationToken)
    {
        foreach (var job in jobs)
        {
            var isListed = IsListed(cron, job);
            if (JobConditions.FinishedAs(job) is { } end)
            {
                Finish(cron, job, end, isListed);
            }
            else if (!isListed)
            {
                cron = await RecheckAsync(cron, job, cancellationToken);
            }
        }

        await DropMissingAsync(cron, jobs, cancellationToken);
        return cron;
    }

    private void Finish(CronJob cron, Job job, string end, bool isListed)
    {
        if (isListed)
        {
            cron.Status.Active.Remove(cron.Status.Active.First(one => one.Uid == job.Metadata.Uid));
            events.Record(cron, "Normal", "SawCompletedJob", $"Saw completed job: {job.Metadata.Name}, condition: {end}");
        }

        if (end == JobConditions.Complete && job.Status.CompletionTime is { } time
            && !(cron.Status.LastSuccessfulTime?.ToDateTimeOffset() >= time.ToDateTimeOffset()))
        {
            cron.Status.LastSuccessfulTime = time;
        }
    }

    /// <summary>A running job that is not listed: the list may only be behind.</summary>
    private async Task<CronJob> RecheckAsync(CronJob cron, Job job, CancellationToken cancellationToken)
    {
        var fresh = await client.GetAsync<CronJob>(cron.Metadata.Namespace, cron.Metadata.Name, cancellationToken);
        fresh.Status ??= new();
        if (fresh.Metadata.Uid == cron.Metadata.Uid && IsListed(fresh, job))
        {
            return fresh;
        }

        events.Record(cron, "Warning", "UnexpectedJob", $"Saw a job that the controller did not create or forgot: {job.Metadata.Name}");
        return cron;
    }

    private async Task DropMissingAsync(CronJob cron, IReadOnlyCollection<Job> jobs, CancellationToken cancellationToken)
    {
        var known = jobs.Select(job => job.Metadata.Uid).ToHashSet();
        foreach (var listed in cron.Status.Active.Where(one => !known.Contains(one.Uid)).ToList())
        {
            try
            {
                // One made a moment ago may not have come to the informer.
                await client.GetAsync<Job>(listed.Namespace, listed.Name, cancellationToken);
            }
            catch (StatusException e) when (e.IsNotFound)
            {
                events.Record(cron, "Normal", "MissingJob", $"Active job went missing: {listed.Name}");
                cron.Status.Active.Remove(listed);
            }
        }
    }

    private static bool IsListed(CronJob cron, Job job) => cron.Status.Active.Any(one => one.Uid == job.Metadata.Uid);
}
