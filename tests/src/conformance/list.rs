//! The list of all bodies.

/// Calls a macro with every body, by module: `module { body, … } …`.
#[macro_export]
macro_rules! each_conformance_body {
    ($each:ident) => {
        $each! {
            create {
                b44_a_new_node_starts_with_version_zero_and_the_zxid_of_its_creation,
                goa726174_b48_each_mode_makes_its_kind_of_node,
                b39_the_sequence_counts_all_children_ever_created,
                goe6b59f6_a_sequential_node_may_be_named_by_its_number_alone,
                b46_a_stock_server_refuses_ttl_nodes_and_keeps_the_connection,
                b46_a_ttl_out_of_range_is_refused,
                a_ttl_without_its_mode_is_not_even_sent,
                b47_a_container_takes_children_and_goes_like_any_node,
                an_existing_node_is_not_created_again,
                a_node_needs_its_parent_and_the_error_names_the_nearest,
                missing_parents_are_created_on_request,
                an_ephemeral_node_has_no_children,
            }
            nodes {
                a_node_without_children_is_deleted,
                b40_a_node_with_children_is_not_deleted,
                a_delete_of_another_version_is_refused,
                the_reserved_nodes_stay,
                a_missing_node_is_none_to_exists_and_an_error_to_reads,
                b44_a_write_raises_the_version_and_the_modification_zxid_alone,
                b53_a_write_over_another_version_is_refused,
                b44_a_parent_counts_the_changes_of_its_children,
                children_are_names_and_only_direct_ones,
                empty_data_is_read_as_empty,
                b41_a_large_value_passes_unchanged,
                b32_a_request_beyond_the_frame_limit_fails_alone,
            }
            codes {
                b45_each_operation_ends_with_the_code_of_its_reason,
                b51_a_sync_is_answered_in_its_turn,
                b58_sequential_nodes_of_many_multis_under_way_are_numbered_in_their_order,
            }
            null {
                b43_no_data_is_told_from_empty_data,
                b43_data_can_be_taken_away_and_given_back,
                a_transaction_writes_no_data_too,
            }
            reads {
                b50_all_nodes_below_a_node_are_counted,
                all_nodes_below_a_node_are_listed_after_their_parents,
                a_connection_is_told_its_identities,
                b57_reads_of_a_multi_read_are_answered_each_for_itself,
                a_linearizable_read_commits_a_transaction_before_it,
                a_linearizable_read_sees_what_another_client_was_told,
            }
            delete_all {
                a_tree_is_deleted_in_few_transactions,
                a_tree_that_others_change_meanwhile_is_deleted_all_the_same,
                a_deletion_that_fails_tells_what_is_left,
                what_belongs_to_the_servers_is_not_deleted_as_a_tree,
                a_tree_is_deleted_behind_a_fence,
            }
            admin {
                a_quota_is_set_counted_changed_and_deleted,
                quotas_are_listed_and_do_not_nest,
                a_quota_needs_a_node_and_the_root_has_none,
                b93_the_configuration_lists_the_members_and_is_empty_where_there_are_none,
                b93_a_server_with_reconfiguration_off_says_so,
            }
            order {
                rsf1abd15_b36_submitted_requests_are_executed_in_the_order_of_the_calls,
                a_request_is_queued_when_first_polled_and_not_before,
                a_thousand_requests_in_flight_are_answered_each_with_its_own,
                a_sync_is_answered_for_any_path,
                a_barrier_takes_a_zxid_and_changes_nothing,
                what_one_client_was_told_another_can_read,
            }
            paths {
                b42_every_name_within_the_rules_is_accepted_and_kept,
                s7_b42_a_path_outside_the_rules_is_refused_before_it_is_sent,
                a_relative_path_is_answered_with_the_absolute_one,
                a_sequential_prefix_obeys_the_rules_up_to_its_last_name,
            }
            acl {
                a_node_is_open_unless_told_otherwise,
                a_new_acl_raises_its_own_version_alone,
                an_acl_of_another_version_is_not_replaced,
                a_closed_node_is_its_users_alone,
                each_permission_allows_its_own_operations,
                a_refusal_names_the_acl_and_the_identity,
                the_scheme_auth_stands_for_all_identities_of_the_creator,
                a_digest_is_shown_to_administrators_alone,
                a_malformed_acl_is_refused,
                equal_entries_of_an_acl_become_one,
                an_address_may_be_allowed,
                b83_an_unknown_scheme_of_authentication_ends_the_session,
            }
            multi {
                b56_a_multi_is_applied_as_one_transaction,
                b56_each_operation_sees_what_those_before_it_did,
                created_paths_are_reported_with_their_sequence,
                go7ecf500_b60_a_failed_multi_names_its_operation_and_changes_nothing,
                each_kind_of_operation_fails_a_multi_with_its_own_error,
                b56_a_failed_multi_takes_a_zxid_and_fires_nothing,
                b46_b47_every_kind_of_create_is_part_of_a_multi_and_yields_its_metadata,
                b46_a_stock_server_refuses_a_ttl_in_a_multi_and_says_what_to_configure,
                zk3895_an_empty_multi_succeeds,
                a_large_multi_passes,
            }
            transaction {
                each_operation_of_a_transaction_yields_its_own_type,
                a_transaction_behind_several_holds_names_the_one_that_is_over,
                then_or_otherwise_is_decided_by_what_is_there,
                without_an_else_nothing_is_done_and_the_reason_told,
                a_branch_fails_for_its_own_reasons_and_the_other_is_not_taken,
                the_guard_of_a_missing_node_shows_to_those_who_watch_it,
            }
            stm {
                what_a_body_wrote_is_applied_as_one_transaction,
                transfers_of_several_clients_lose_and_make_nothing,
                two_bodies_that_read_what_the_other_writes_do_not_both_go_by_it,
                what_was_not_there_is_a_condition_too,
                a_body_that_ends_with_an_error_writes_nothing,
                a_transaction_after_the_end_of_a_hold_that_fences_it_is_refused,
                a_write_that_cannot_be_made_is_an_error_and_no_conflict,
            }
            watch {
                b61_a_data_watch_fires_once_for_the_first_change,
                a_data_watch_sees_its_node_go,
                b61_an_exists_watch_waits_for_a_node_that_is_not_there,
                an_exists_watch_on_a_node_that_is_there_is_a_data_watch,
                go90e39fa_b61_a_child_watch_fires_for_the_list_and_not_for_its_members,
                a_read_that_fails_sets_no_watch,
                failed_and_empty_changes_fire_nothing,
                b62_an_event_arrives_before_the_reply_that_shows_the_change,
                events_of_ones_own_changes_arrive_before_the_replies,
                an_event_carries_the_zxid_of_its_transaction,
                b76_all_watches_of_a_node_fire_and_each_client_has_its_own,
                go8edc763_b61_a_deleted_node_fires_its_own_watches_and_its_parents,
                a_watch_set_yields_events_of_all_its_watches_in_order,
                b69_an_event_is_kept_from_those_who_may_not_read_the_node,
            }
            persistent_watch {
                b68_a_persistent_watch_sees_all_that_happens_to_its_node,
                b68_a_recursive_watch_sees_all_nodes_below_and_no_lists,
                zk4475_b68_watches_of_all_kinds_on_one_node_each_see_their_own_events,
                a_recursive_watch_above_does_not_disturb_a_watch_below,
                b59_events_of_a_multi_come_in_its_order_with_one_zxid,
                the_events_of_many_changes_come_without_a_gap,
            }
            watch_pairs {
                any_two_watches_on_one_node_each_see_their_own_events,
                a_watch_outlives_any_other_on_its_node_that_is_dropped,
                watches_that_were_asked_for_in_one_go_each_see_their_own_events,
            }
            watch_removal {
                s12_b71_a_dropped_watch_is_removed_from_the_server,
                a_fired_watch_is_gone_from_the_server,
                zk1909_zk1910_zk2611_zk1919_rse323fa2_dropping_one_watch_leaves_the_others_of_its_node,
                a_watch_set_again_right_after_its_drop_fires,
                a_read_dropped_before_its_answer_leaves_no_watch,
                a_dropped_set_removes_all_its_watches,
                a_closed_session_has_no_watches,
                all_watches_of_a_node_are_removed_at_once_and_told,
                watches_whose_requests_are_under_way_are_removed_with_the_others,
            }
            session {
                clones_and_chroots_share_one_session,
                b23_closing_deletes_ephemeral_nodes_at_once_and_nothing_else,
                dropping_the_last_handle_closes_the_session,
                ephemeral_nodes_outlive_their_creators_handle_and_may_go_before,
                s12_b49_ephemeral_nodes_are_listed_by_a_prefix_of_their_text,
                the_states_of_a_session_are_connected_and_closed,
                b67_a_closed_client_refuses_work_and_ends_its_watches,
                b03_the_server_bounds_the_session_timeout,
            }
            chroot {
                k23_zk1027_zk2282_b77_all_paths_are_below_the_chroot_in_and_out,
                the_root_of_a_chroot_is_its_node,
                chroots_nest_and_equal_those_of_connect_strings,
                watches_report_paths_below_the_chroot,
                rs6b52b0b_s12_results_of_a_multi_are_below_the_chroot,
                a_missing_chroot_is_named,
                errors_speak_of_paths_below_the_chroot,
                nodes_outside_the_chroot_stay_out_of_sight,
            }
            mutex {
                a_free_lock_is_held_by_the_first_and_released,
                a_contender_is_named_as_curator_names_it,
                work_under_a_lock_yields_its_value_and_leaves_nothing,
                a_holder_learns_that_its_node_was_deleted,
                work_is_dropped_when_its_lock_is_lost,
                a_changed_node_is_not_a_lost_one,
                a_released_lock_is_never_lost,
                a_hold_ends_with_its_client,
                a_hold_becomes_provably_safe_and_stays_so,
                a_dropped_guard_releases_its_lock,
                a_guard_dropped_on_a_plain_thread_releases_its_lock,
            }
            mutex_queue {
                b94_contenders_hold_in_the_order_of_their_arrival,
                a_contender_that_goes_hands_nothing_to_the_one_behind,
                tokens_grow_also_when_the_path_was_deleted_in_between,
                a_held_lock_is_not_tried_twice,
                a_contender_gives_up_after_its_timeout_and_leaves_nothing,
                a_dropped_acquisition_leaves_no_contender,
                contenders_are_listed_with_what_operators_ask_for,
                eight_tasks_count_exactly_under_one_lock,
            }
            mutex_place {
                missing_parents_of_a_lock_are_made_as_containers,
                a_path_that_is_no_place_for_a_lock_is_refused,
                a_lock_under_a_chroot_is_the_same_lock,
                a_lock_does_not_make_its_clients_chroot,
                children_that_are_no_contenders_are_ignored,
                contenders_of_curator_and_go_zk_are_waited_for,
                a_path_with_contenders_of_kazoo_is_refused,
                contenders_may_be_closed_to_others,
                a_lock_in_a_closed_place_is_refused,
            }
            mutex_acl {
                a_lock_works_with_no_more_than_the_permissions_that_are_documented,
                each_permission_that_a_lock_lacks_is_named,
                what_a_lock_makes_is_closed_as_the_lock_is,
            }
            mutex_kazoo {
                a_contender_with_kazoos_layout_is_named_as_kazoo_names_it,
                parents_of_a_lock_with_kazoos_layout_outlive_it,
                contenders_of_kazoo_are_waited_for_in_their_layout,
                a_path_with_contenders_of_curator_is_refused_to_kazoos_layout,
            }
            fence {
                a_holder_writes_as_if_there_were_no_fence,
                a_fenced_write_fails_for_its_own_reasons_too,
                the_server_refuses_a_fenced_write_whose_lock_is_lost,
                a_fenced_write_after_the_loss_is_not_even_sent,
                a_fence_of_another_client_counts_too,
            }
            rw_lock {
                readers_share_a_lock_and_a_writer_has_it_alone,
                a_writer_that_reads_on_keeps_writers_out_and_lets_readers_in,
            }
            semaphore {
                as_many_hold_as_there_are_permits,
                a_stored_capacity_counts_for_all_and_changes_while_they_wait,
            }
            groups {
                members_come_and_go_and_observers_are_told,
                items_move_to_who_comes_and_back_when_it_goes,
            }
            kept_nodes {
                a_kept_node_is_made_again_and_goes_in_the_end,
                a_ttl_node_outlives_its_keeper,
                a_server_that_makes_no_ttl_nodes_is_told_of,
            }
            queue {
                every_layout_hands_out_in_its_order_and_under_its_names,
                an_item_is_worked_on_by_one_and_completed_by_the_last_who_claimed_it,
                a_consumer_that_waits_is_told_of_puts_given_back_items_and_due_times,
                what_is_no_item_is_moved_aside_with_its_data,
            }
            election {
                terms_follow_one_another_with_epochs_that_grow,
                a_term_is_announced_while_it_lasts_and_refused_after_it,
            }
            caches {
                a_cache_is_what_the_server_has_and_its_changes_fold_to_it,
                caches_of_a_node_and_of_children_follow_what_comes_and_goes,
            }
            values {
                changes_of_a_counter_form_one_chain,
                a_shared_count_is_followed_in_the_order_of_its_writes,
            }
            discovery {
                instances_of_every_kind_are_found_while_they_are_registered,
                an_instance_that_is_deleted_comes_back_until_it_is_unregistered,
            }
            barriers {
                barriers_flags_and_latches_let_pass_when_they_are_open,
                members_enter_and_leave_together_and_parties_pass_together,
            }
        }
    };
}

/// A test of each conformance body, in the module that has `async fn server(name: &str) -> Server` and `LIMIT`, how long
/// one body may take.
#[macro_export]
macro_rules! conformance_tests {
    ($($module:ident { $($body:ident,)* })*) => {
        $(mod $module {
            $(#[tokio::test]
            async fn $body() {
                let server = super::server(stringify!($body)).await;
                let body = $crate::conformance::$body(&server);
                $crate::deadline(super::LIMIT).until(stringify!($body), body).await;
            })*
        })*
    };
}
