using System.Globalization;
using Cluster.Api;
using Cluster.Api.BatchV1;
using Cluster.Api.MetaV1;
using Cluster.Client;
using Cluster.Controllers.Framework;
using Cluster.Controllers.Jobs;

namespace Cluster.Controllers.CronJobs;

/// <summary>Makes and deletes a CronJob's jobs, and tells of it.</summary>
internal sealed class CronJobWrites(IApiClient client, EventRecorder events)
{
    private const string ScheduledAt = "batch.kubernetes.io/cronjob-scheduled-timestamp";

    public static string JobName(CronJob cron, DateTimeOffset due) =>
        string.Create(CultureInfo.InvariantCulture, $"{cron.Metadata.Name}-{due.ToUnixTimeSeconds() / 60}");

    /// <summary>Makes the job of a time.</summary>
    /// <returns>The job, made now or before; null where its name is somebody else's or its namespace is on its way out.</returns>
    public async Task<Job?> CreateAsync(CronJob cron, DateTimeOffset due, TimeZoneInfo zone, CancellationToken cancellationToken)
    {
        var job = FromTemplate(cron, due, zone);
        try
        {
            var made = await client.CreateAsync(job, cancellationToken);
            events.Record(cron, "Normal", "SuccessfulCreate", $"Created job {made.Metadata.Name}");
            return made;
        }
        catch (StatusException e) when (e.Status.Reason == "AlreadyExists")
        {
            // Made before, by a round whose status was not written.
            var there = await client.GetAsync<Job>(job.Metadata.Namespace, job.Metadata.Name, cancellationToken);
            return OwnerReferences.IsControlledBy(there, cron) ? there : null;
        }
        catch (StatusException e) when (NamespaceEnd.Explains(e))
        {
            return null;
        }
        catch (StatusException e)
        {
            events.Record(cron, "Warning", "FailedCreate", $"Error creating job: {e.Message}");
            throw;
        }
    }

    /// <summary>Deletes a job and its pods, and takes it from the list of running ones.</summary>
    public async Task DeleteAsync(CronJob cron, string name, string uid, CancellationToken cancellationToken)
    {
        var options = new DeleteOptions { PropagationPolicy = "Background", Preconditions = new() { Uid = uid } };
        try
        {
            await client.DeleteAsync<Job>(cron.Metadata.Namespace, name, options, cancellationToken);
            events.Record(cron, "Normal", "SuccessfulDelete", $"Deleted job {name}");
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Deleted by somebody else.
        }
        catch (StatusException e)
        {
            events.Record(cron, "Warning", "FailedDelete", $"Deleted job: {e.Message}");
            throw;
        }

        if (cron.Status.Active.FirstOrDefault(one => one.Uid == uid) is { } listed)
        {
            cron.Status.Active.Remove(listed);
        }
    }

    /// <summary>Of the jobs that succeeded and of those that failed, only the latest stay.</summary>
    public async Task ClearHistoryAsync(CronJob cron, IReadOnlyCollection<Job> jobs, CancellationToken cancellationToken)
    {
        if (cron.Spec.HasSuccessfulJobsHistoryLimit)
        {
            await ClearAsync(cron, jobs, JobConditions.Complete, cron.Spec.SuccessfulJobsHistoryLimit, cancellationToken);
        }

        if (cron.Spec.HasFailedJobsHistoryLimit)
        {
            await ClearAsync(cron, jobs, JobConditions.Failed, cron.Spec.FailedJobsHistoryLimit, cancellationToken);
        }
    }

    private async Task ClearAsync(CronJob cron, IReadOnlyCollection<Job> jobs, string end, int limit, CancellationToken cancellationToken)
    {
        var ended = jobs.Where(job => job.Metadata.DeletionTimestamp is null && JobConditions.FinishedAs(job) == end)
            .OrderBy(job => job.Status.StartTime?.ToDateTimeOffset() ?? DateTimeOffset.MaxValue)
            .ThenBy(job => job.Metadata.Name, StringComparer.Ordinal).ToList();
        foreach (var job in ended.Take(ended.Count - limit))
        {
            await DeleteAsync(cron, job.Metadata.Name, job.Metadata.Uid, cancellationToken);
        }
    }

    private static Job FromTemplate(CronJob cron, DateTimeOffset due, TimeZoneInfo zone)
    {
        var template = cron.Spec.JobTemplate ?? new();
        var job = new Job
        {
            Metadata = new()
            {
                Namespace = cron.Metadata.Namespace,
                Name = JobName(cron, due),
                Labels = { template.Metadata?.Labels ?? [] },
                Annotations = { template.Metadata?.Annotations ?? [] },
                OwnerReferences = { OwnerReferences.ToController(cron) },
            },
            Spec = template.Spec?.Clone() ?? new(),
        };
        var local = TimeZoneInfo.ConvertTime(due, zone);
        job.Metadata.Annotations[ScheduledAt] = local.ToString(local.Offset == TimeSpan.Zero ? "yyyy-MM-dd'T'HH:mm:ss'Z'" : "yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture);
        return job;
    }
}
